/* klinglipsync: bounded and tolerant reading of JSON
 *
 * Pure functions, for any thread. What comes from the network is rewritten
 * before json-glib sees it, because json-glib 1.6
 *
 * - calls itself for each level, without a limit: a megabyte of '[' would
 *   overflow the stack;
 * - reads integers into 64 bits and lets them wrap: 18446744073709551617 would
 *   be the task id 1, and 0123 the id 83;
 * - ends a string at \u0000, and makes invalid UTF-8 of half a surrogate pair;
 * - takes comments, 'quotes' and assignments, where a scan for the depth could
 *   be led astray.
 *
 * The rewriting is a lexer of strict JSON. It turns integers that 64 bits might
 * not hold into strings and broken escapes into U+FFFD, and refuses all else
 * that is not JSON.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-json.h"

#include <string.h>

/* Every integer of so many digits fits into 64 bits. */
#define EXACT_DIGITS 18

typedef struct
{
  const gchar *at;
  const gchar *end;
  GString *out;
  guint depth;
} Lexer;

static gboolean
lexer_has (const Lexer * lexer, gsize size)
{
  return (gsize) (lexer->end - lexer->at) >= size;
}

static gchar
lexer_peek (const Lexer * lexer)
{
  return lexer->at < lexer->end ? *lexer->at : '\0';
}

/* Reads \uXXXX at the lexer. Returns: the code unit, -1 when it is none */
static gint32
lexer_read_unit (Lexer * lexer)
{
  gint32 unit = 0;
  guint i;

  if (!lexer_has (lexer, 6) || lexer->at[0] != '\\' || lexer->at[1] != 'u')
    return -1;
  for (i = 2; i < 6; i++) {
    if (!g_ascii_isxdigit (lexer->at[i]))
      return -1;
    unit = unit * 16 + g_ascii_xdigit_value (lexer->at[i]);
  }
  lexer->at += 6;
  return unit;
}

/* Copies \uXXXX, and the second half of a pair with it, or puts U+FFFD where
 * it says nothing that a string of C can hold. */
static gboolean
lexer_copy_unicode (Lexer * lexer)
{
  const gchar *start = lexer->at;
  const gchar *first_end;
  gint32 unit = lexer_read_unit (lexer);
  gint32 second;

  if (unit < 0)
    return FALSE;
  if (unit != 0 && (unit < 0xd800 || unit > 0xdfff)) {
    g_string_append_len (lexer->out, start, 6);
    return TRUE;
  }

  first_end = lexer->at;
  second = unit >= 0xd800 && unit <= 0xdbff ? lexer_read_unit (lexer) : -1;
  if (second >= 0xdc00 && second <= 0xdfff) {
    g_string_append_len (lexer->out, start, 12);
  } else {
    lexer->at = first_end;
    g_string_append (lexer->out, "\\ufffd");
  }
  return TRUE;
}

static gboolean
lexer_copy_escape (Lexer * lexer)
{
  if (!lexer_has (lexer, 2))
    return FALSE;
  if (lexer->at[1] == 'u')
    return lexer_copy_unicode (lexer);
  if (strchr ("\"\\/bfnrt", lexer->at[1]) == NULL)
    return FALSE;
  g_string_append_len (lexer->out, lexer->at, 2);
  lexer->at += 2;
  return TRUE;
}

static gboolean
lexer_copy_string (Lexer * lexer)
{
  g_string_append_c (lexer->out, *lexer->at++);
  while (lexer->at < lexer->end) {
    if (*lexer->at == '\\') {
      if (!lexer_copy_escape (lexer))
        return FALSE;
      continue;
    }
    g_string_append_c (lexer->out, *lexer->at);
    if (*lexer->at++ == '"')
      return TRUE;
  }
  return FALSE;
}

static gsize
lexer_skip_digits (Lexer * lexer)
{
  const gchar *start = lexer->at;

  while (g_ascii_isdigit (lexer_peek (lexer)))
    lexer->at++;
  return lexer->at - start;
}

/* Skips the parts of a number that make it a fraction. Returns: whether it was
 * well formed; @is_integer says whether there were any */
static gboolean
lexer_skip_fraction (Lexer * lexer, gboolean * is_integer)
{
  *is_integer = TRUE;
  if (lexer_peek (lexer) == '.') {
    *is_integer = FALSE;
    lexer->at++;
    if (lexer_skip_digits (lexer) == 0)
      return FALSE;
  }
  if (lexer_peek (lexer) == 'e' || lexer_peek (lexer) == 'E') {
    *is_integer = FALSE;
    lexer->at++;
    if (lexer_peek (lexer) == '+' || lexer_peek (lexer) == '-')
      lexer->at++;
    if (lexer_skip_digits (lexer) == 0)
      return FALSE;
  }
  return TRUE;
}

static gboolean
lexer_copy_number (Lexer * lexer)
{
  const gchar *start = lexer->at;
  gboolean negative = *start == '-';
  gboolean is_integer;
  gboolean leads_with_zero;
  gsize digits;

  if (negative)
    lexer->at++;
  leads_with_zero = lexer_peek (lexer) == '0';
  digits = lexer_skip_digits (lexer);
  if (digits == 0 || !lexer_skip_fraction (lexer, &is_integer))
    return FALSE;

  if (digits <= EXACT_DIGITS && !(leads_with_zero && digits > 1))
    g_string_append_len (lexer->out, start, lexer->at - start);
  else if (is_integer && !negative)
    g_string_append_printf (lexer->out, "\"%.*s\"", (gint) digits, start);
  else
    g_string_append (lexer->out, "null");
  return TRUE;
}

static gboolean
lexer_copy_word (Lexer * lexer)
{
  static const gchar *const words[] = { "true", "false", "null" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (words); i++) {
    gsize size = strlen (words[i]);

    if (lexer_has (lexer, size) && strncmp (lexer->at, words[i], size) == 0) {
      g_string_append_len (lexer->out, words[i], size);
      lexer->at += size;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
lexer_copy_punctuation (Lexer * lexer)
{
  gchar c = *lexer->at++;

  if ((c == '{' || c == '[') && ++lexer->depth > KLING_JSON_MAX_DEPTH)
    return FALSE;
  if ((c == '}' || c == ']') && lexer->depth-- == 0)
    return FALSE;
  g_string_append_c (lexer->out, c);
  return TRUE;
}

static gboolean
lexer_copy_token (Lexer * lexer)
{
  gchar c = *lexer->at;

  if (c == '"')
    return lexer_copy_string (lexer);
  if (c == '-' || g_ascii_isdigit (c))
    return lexer_copy_number (lexer);
  if (c != '\0' && strchr ("{}[],: \t\r\n", c) != NULL)
    return lexer_copy_punctuation (lexer);
  return lexer_copy_word (lexer);
}

/* Returns: (nullable): @data in a form that json-glib reads safely */
static GString *
rewrite (const gchar * data, gsize size)
{
  g_autofree gchar *valid = g_utf8_make_valid (data, size);
  const gchar *start = g_str_has_prefix (valid, "\xef\xbb\xbf")
      ? valid + 3 : valid;
  Lexer lexer = { start, start + strlen (start), g_string_new (NULL), 0 };

  while (lexer.at < lexer.end) {
    if (!lexer_copy_token (&lexer)) {
      g_string_free (lexer.out, TRUE);
      return NULL;
    }
  }
  return lexer.out;
}

/**
 * kling_json_parse:
 * @data: bytes from the network
 * @size: their number; the caller has bounded it
 *
 * Invalid UTF-8 is replaced; integers that 64 bits might not hold come as
 * strings of their digits.
 *
 * Returns: (transfer full) (nullable): the root, or %NULL when @data is no JSON
 *   or nested deeper than %KLING_JSON_MAX_DEPTH
 */
JsonNode *
kling_json_parse (const gchar * data, gsize size)
{
  g_autoptr (JsonParser) parser = NULL;
  GString *text = rewrite (data, size);
  gboolean parsed;

  if (text == NULL)
    return NULL;
  parser = json_parser_new ();
  parsed = json_parser_load_from_data (parser, text->str, text->len, NULL);
  g_string_free (text, TRUE);
  return parsed ? json_parser_steal_root (parser) : NULL;
}

/**
 * kling_json_get_object:
 * @object: (nullable): an object
 * @name: name of a member
 *
 * Returns: (transfer none) (nullable): the member when it is an object
 */
JsonObject *
kling_json_get_object (JsonObject * object, const gchar * name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
      : NULL;
}

/**
 * kling_json_get_string:
 * @object: (nullable): an object
 * @name: name of a member
 *
 * Returns: (transfer none) (nullable): the member when it is a string
 */
const gchar *
kling_json_get_string (JsonObject * object, const gchar * name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

/**
 * kling_json_dup_scalar:
 * @object: (nullable): an object
 * @name: name of a member
 *
 * Ids and codes are strings with some services and integers with others.
 *
 * Returns: (transfer full) (nullable): the member as text when it is a string
 *   or an integer, which comes exactly as it was written
 */
gchar *
kling_json_dup_scalar (JsonObject * object, const gchar * name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return NULL;
  if (json_node_get_value_type (node) == G_TYPE_STRING)
    return g_strdup (json_node_get_string (node));
  if (json_node_get_value_type (node) == G_TYPE_INT64)
    return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
  return NULL;
}

/**
 * kling_json_get_number:
 * @object: (nullable): an object
 * @name: name of a member
 * @number: (out): its value
 *
 * Takes 30, "30" and "30%".
 *
 * Returns: whether the member is a number, however written
 */
gboolean
kling_json_get_number (JsonObject * object, const gchar * name,
    gdouble * number)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  const gchar *text = kling_json_get_string (object, name);
  gchar *end;

  if (text != NULL) {
    *number = g_ascii_strtod (text, &end);
    return end != text && (*end == '\0' || strcmp (end, "%") == 0);
  }
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    return FALSE;
  *number = json_node_get_double (node);
  return TRUE;
}

/**
 * kling_json_first_object:
 * @node: (nullable): a value
 *
 * Returns: (transfer none) (nullable): @node when it is an object, the first
 *   object in it when it is an array
 */
JsonObject *
kling_json_first_object (JsonNode * node)
{
  JsonArray *array;
  guint i;

  if (node == NULL)
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (node))
    return json_node_get_object (node);
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return NULL;

  array = json_node_get_array (node);
  for (i = 0; i < json_array_get_length (array); i++) {
    JsonNode *element = json_array_get_element (array, i);

    if (JSON_NODE_HOLDS_OBJECT (element))
      return json_node_get_object (element);
  }
  return NULL;
}

/**
 * kling_json_add:
 * @builder: a builder inside an object
 * @name: name of a member
 * @value: (nullable): its text; nothing is added for none
 */
void
kling_json_add (JsonBuilder * builder, const gchar * name, const gchar * value)
{
  if (value == NULL || *value == '\0')
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

/* --- printing --- */

static void print_node (GString * out, JsonNode * node);

static void
print_object (GString * out, JsonObject * object)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *member;

  g_string_append_c (out, '{');
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &member)) {
    if (out->str[out->len - 1] != '{')
      g_string_append_c (out, ',');
    g_string_append_printf (out, "\"%s\":", name);
    print_node (out, member);
  }
  g_string_append_c (out, '}');
}

static void
print_array (GString * out, JsonArray * array)
{
  g_string_append_c (out, '[');
  for (guint i = 0; i < json_array_get_length (array); i++) {
    if (i > 0)
      g_string_append_c (out, ',');
    print_node (out, json_array_get_element (array, i));
  }
  g_string_append_c (out, ']');
}

/* With one decimal at least, so that it stays a number with decimals */
static void
print_decimal (GString * out, gdouble number)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (text, sizeof text, "%.2f", number);
  g_string_append (out, text);
  if (g_str_has_suffix (text, "0"))
    g_string_truncate (out, out->len - 1);
}

static void
print_node (GString * out, JsonNode * node)
{
  g_autofree gchar *text = NULL;

  if (JSON_NODE_HOLDS_OBJECT (node)) {
    print_object (out, json_node_get_object (node));
  } else if (JSON_NODE_HOLDS_ARRAY (node)) {
    print_array (out, json_node_get_array (node));
  } else if (json_node_get_value_type (node) == G_TYPE_DOUBLE) {
    print_decimal (out, json_node_get_double (node));
  } else {
    text = json_to_string (node, FALSE);
    g_string_append (out, text);
  }
}

/**
 * kling_json_print:
 * @builder: a builder whose root is complete, with names that need no escape
 *
 * json-glib would print the number 1.1 as 1.1000000000000001, and services may
 * count the decimals: here numbers have two at most.
 *
 * Returns: (transfer full): its JSON, without a blank; UTF-8 is not escaped
 */
gchar *
kling_json_print (JsonBuilder * builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  GString *out = g_string_new (NULL);

  print_node (out, root);
  return g_string_free (out, FALSE);
}
