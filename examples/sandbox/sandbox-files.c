/* The files that were uploaded, by name.
 *
 * The folder is what counts: a file that is renamed into it is there, also
 * after a restart. Only its media type is forgotten then.
 *
 * Main thread only, no lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-files.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define MAX_NAME 200
#define MAX_TYPE 100
#define UNKNOWN_TYPE "application/octet-stream"

struct _SandboxFiles
{
  char *folder;
  GHashTable *by_name;          /* owns them */
};

static void
file_free (SandboxFile * file)
{
  g_free (file->name);
  g_free (file->type);
  g_free (file->sha256);
  g_free (file);
}

/* A name is never a path, nor "." or "..". */
gboolean
sandbox_file_name_is_good (const char *name)
{
  gsize length = strlen (name);

  if (length < 1 || length > MAX_NAME || strcmp (name, ".") == 0
      || strcmp (name, "..") == 0)
    return FALSE;
  for (const char *c = name; *c; c++)
    if (!g_ascii_isalnum (*c) && strchr ("_.-", *c) == NULL)
      return FALSE;
  return TRUE;
}

static char *
file_path (SandboxFiles * files, const char *name)
{
  return g_build_filename (files->folder, name, NULL);
}

static SandboxFile *
describe (const char *path, const char *name, const char *type, GError ** error)
{
  char *sha256 = sandbox_file_sha256 (path, error);
  SandboxFile *file;
  GStatBuf info;

  if (sha256 == NULL)
    return NULL;
  file = g_new0 (SandboxFile, 1);
  file->name = g_strdup (name);
  file->type = g_strdup (type && strlen (type) <= MAX_TYPE ? type :
      UNKNOWN_TYPE);
  file->sha256 = sha256;
  if (g_stat (path, &info) == 0)
    file->size = info.st_size;
  return file;
}

static void
remember (SandboxFiles * files, SandboxFile * file)
{
  g_hash_table_replace (files->by_name, file->name, file);
}

/**
 * sandbox_files_open:
 * @folder: where the files of earlier runs are
 *
 * Returns: (transfer full): them all
 */
SandboxFiles *
sandbox_files_open (const char *folder)
{
  SandboxFiles *files = g_new0 (SandboxFiles, 1);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  files->folder = g_strdup (folder);
  files->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
      (GDestroyNotify) file_free);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = file_path (files, name);
    SandboxFile *file = describe (path, name, NULL, NULL);

    if (file)
      remember (files, file);
  }
  return files;
}

void
sandbox_files_free (SandboxFiles * files)
{
  g_hash_table_unref (files->by_name);
  g_free (files->folder);
  g_free (files);
}

const SandboxFile *
sandbox_files_find (SandboxFiles * files, const char *name)
{
  return g_hash_table_lookup (files->by_name, name);
}

/* A file that is there already may always be written over. */
gboolean
sandbox_files_have_room (SandboxFiles * files, const char *name)
{
  return sandbox_files_find (files, name) != NULL
      || g_hash_table_size (files->by_name) < SANDBOX_MAX_UPLOADS;
}

/**
 * sandbox_files_add:
 * @files: the files
 * @path: a file on the same file system, which is moved
 * @name: a good name
 * @type: (nullable): its media type
 * @error: return location
 *
 * Returns: whether it is there now, in place of one that had its name
 */
gboolean
sandbox_files_add (SandboxFiles * files, const char *path, const char *name,
    const char *type, GError ** error)
{
  SandboxFile *file = describe (path, name, type, error);
  g_autofree char *place = file_path (files, name);

  if (file == NULL)
    return FALSE;
  if (g_rename (path, place) == 0) {
    remember (files, file);
    return TRUE;
  }
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
      "cannot keep %s: %s", name, g_strerror (errno));
  file_free (file);
  return FALSE;
}

gboolean
sandbox_files_remove (SandboxFiles * files, const char *name)
{
  g_autofree char *path = file_path (files, name);

  if (sandbox_files_find (files, name) == NULL)
    return FALSE;
  g_unlink (path);
  return g_hash_table_remove (files->by_name, name);
}

/**
 * sandbox_files_map:
 * @files: the files
 * @name: one of them
 *
 * Returns: (transfer full) (nullable): what is in it, also when it is removed
 *   or written over meanwhile
 */
GMappedFile *
sandbox_files_map (SandboxFiles * files, const char *name)
{
  g_autofree char *path = file_path (files, name);

  return g_mapped_file_new (path, FALSE, NULL);
}

/* Sorted by name. */
JsonArray *
sandbox_files_list (SandboxFiles * files)
{
  JsonArray *list = json_array_new ();
  g_autoptr (GList) names = g_hash_table_get_keys (files->by_name);

  names = g_list_sort (names, (GCompareFunc) strcmp);
  for (GList * l = names; l; l = l->next) {
    const SandboxFile *file = sandbox_files_find (files, l->data);
    JsonObject *entry = json_object_new ();

    json_object_set_string_member (entry, "name", file->name);
    json_object_set_int_member (entry, "size", file->size);
    json_object_set_string_member (entry, "sha256", file->sha256);
    json_object_set_string_member (entry, "type", file->type);
    json_array_add_object_element (list, entry);
  }
  return list;
}
