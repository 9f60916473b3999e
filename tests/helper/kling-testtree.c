/* klinglipsync tests: directories of their own
 *
 * Makes one below the directory for temporary files, and removes it with all
 * that a test has put there. A link is removed, what it leads to is not: tests
 * of a hostile store put links there, to files that are not theirs.
 *
 * Any thread; a tree belongs to one at a time.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-testtree.h"

#include <glib/gstdio.h>

/**
 * kling_test_make_tree:
 * @name: what it is for, such as "store"
 *
 * Ends the process with g_error() when there is no room for it.
 *
 * Returns: (transfer full): path of a directory that is empty and ours alone
 */
gchar *
kling_test_make_tree (const gchar * name)
{
  g_autofree gchar *template = g_strdup_printf ("kling-%s-XXXXXX", name);
  g_autoptr (GError) error = NULL;
  gchar *path = g_dir_make_tmp (template, &error);

  if (path == NULL)
    g_error ("No room for the test: %s", error->message);
  return path;
}

/**
 * kling_test_remove_tree:
 * @path: a file, a link or a directory, which need not be there
 *
 * Removes it, with what is in it. Links are not followed. What cannot be removed
 * stays.
 */
void
kling_test_remove_tree (const gchar * path)
{
  g_autoptr (GDir) dir = NULL;
  const gchar *name;

  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    dir = g_dir_open (path, 0, NULL);
  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *inner = g_build_filename (path, name, NULL);

    kling_test_remove_tree (inner);
  }
  g_remove (path);
}
