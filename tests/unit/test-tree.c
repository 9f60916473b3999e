/* klinglipsync: tests of the tests' own way to remove a directory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include <unistd.h>
#include <glib/gstdio.h>

#include "kling-testtree.h"

static gchar *
put_file (const gchar * directory, const gchar * name)
{
  gchar *path = g_build_filename (directory, name, NULL);

  fail_unless (g_file_set_contents (path, "x", 1, NULL));
  return path;
}

GST_START_TEST (test_all_goes)
{
  g_autofree gchar *tree = kling_test_make_tree ("tree");
  g_autofree gchar *inner = g_build_filename (tree, "a", "b", NULL);
  g_autofree gchar *file = NULL, *hidden = NULL;

  fail_unless (g_mkdir_with_parents (inner, 0700) == 0);
  file = put_file (inner, "file");
  hidden = put_file (tree, ".hidden");
  kling_test_remove_tree (tree);
  fail_if (g_file_test (tree, G_FILE_TEST_EXISTS));
  kling_test_remove_tree (tree);
}

GST_END_TEST;

/* A link goes; what it leads to belongs to somebody else. */
GST_START_TEST (test_links_are_not_followed)
{
  g_autofree gchar *others = kling_test_make_tree ("tree");
  g_autofree gchar *theirs = put_file (others, "theirs");
  g_autofree gchar *tree = kling_test_make_tree ("tree");
  g_autofree gchar *to_directory = g_build_filename (tree, "directory", NULL);
  g_autofree gchar *to_file = g_build_filename (tree, "file", NULL);

  fail_unless (symlink (others, to_directory) == 0);
  fail_unless (symlink (theirs, to_file) == 0);
  kling_test_remove_tree (tree);
  fail_if (g_file_test (tree, G_FILE_TEST_EXISTS));
  fail_unless (g_file_test (theirs, G_FILE_TEST_IS_REGULAR));

  fail_unless (symlink (others, tree) == 0);
  kling_test_remove_tree (tree);
  fail_if (g_file_test (tree, G_FILE_TEST_IS_SYMLINK));
  fail_unless (g_file_test (theirs, G_FILE_TEST_IS_REGULAR));
  kling_test_remove_tree (others);
}

GST_END_TEST;

static Suite *
tree_suite (void)
{
  Suite *suite = suite_create ("tree");
  TCase *tcase = tcase_create ("tree");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_all_goes);
  tcase_add_test (tcase, test_links_are_not_followed);
  return suite;
}

GST_CHECK_MAIN (tree);
