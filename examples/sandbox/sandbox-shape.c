/* Which of the documented spellings is used.
 *
 * The documents of the gateways disagree with each other, so a client has to
 * read several spellings; each can be chosen here. All but the last two are
 * about gateways only: the service itself has one spelling.
 *
 * Pure functions: no state, any thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-shape.h"

#define MAX_VALUES 5

/* Each member's values; the first is what a new sandbox has. */
static const struct
{
  const char *name;
  gsize offset;
  const char *values[MAX_VALUES];
} members[] = {
  {"depth", G_STRUCT_OFFSET (SandboxShape, depth), {"own", "1", "2", "3"}},
  {"create", G_STRUCT_OFFSET (SandboxShape, create),
      {"own", "flat", "nested"}},
  {"ids", G_STRUCT_OFFSET (SandboxShape, integer_ids),
      {"string", "integer"}},
  {"faces", G_STRUCT_OFFSET (SandboxShape, face_data),
      {"face_list", "face_data"}},
  {"words", G_STRUCT_OFFSET (SandboxShape, words),
      {"succeed", "succeeded", "success", "completed"}},
  {"errors", G_STRUCT_OFFSET (SandboxShape, errors),
      {"flat", "wrapped", "nested"}},
  {"times", G_STRUCT_OFFSET (SandboxShape, text_times),
      {"integer", "string"}},
  {"speech", G_STRUCT_OFFSET (SandboxShape, queued_speech),
      {"immediate", "queued"}},
  {"upload", G_STRUCT_OFFSET (SandboxShape, nested_upload),
      {"flat", "nested"}},
};

static int
find_value (const char *const *values, const char *name)
{
  for (int i = 0; name && values[i]; i++)
    if (g_str_equal (values[i], name))
      return i;
  return -1;
}

/* A number may be written as one. */
static gboolean
read_choice (JsonObject * wish, const char *member, const char *const *values,
    int *value, GError ** error)
{
  g_autofree char *list = NULL;
  g_autofree char *number = NULL;
  int index;

  if (!json_object_has_member (wish, member))
    return TRUE;
  number = g_strdup_printf ("%" G_GINT64_FORMAT,
      sandbox_json_integer (wish, member, -1));
  index = find_value (values, sandbox_json_string (wish, member));
  if (index < 0)
    index = find_value (values, number);
  if (index >= 0) {
    *value = index;
    return TRUE;
  }
  list = g_strjoinv (", ", (char **) values);
  g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_PARAMETER,
      "%s is one of %s", member, list);
  return FALSE;
}

/**
 * sandbox_shape_set:
 * @shape: changed on success only
 * @wish: members as sandbox_shape_print() shows them, each optional
 * @error: return location
 *
 * Returns: whether every wish was understood
 */
gboolean
sandbox_shape_set (SandboxShape * shape, JsonObject * wish, GError ** error)
{
  SandboxShape next = *shape;

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (!read_choice (wish, members[i].name, members[i].values,
            &G_STRUCT_MEMBER (int, &next, members[i].offset), error))
        return FALSE;

  *shape = next;
  return TRUE;
}

JsonObject *
sandbox_shape_print (const SandboxShape * shape)
{
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    json_object_set_string_member (object, members[i].name,
        members[i].values[G_STRUCT_MEMBER (int, shape, members[i].offset)]);
  return object;
}
