/* klinglipsync tests: a store that cannot be trusted
 *
 * What stands where the store should be, or in it, is damaged, foreign, newer, or
 * open to others. Each time there is one sentence that names the file, nothing
 * is sent, and what is there is left as it is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "faults-helper.h"

#define TEXT "This store is not what it should be, so nothing is bought."
#define NOBODY 65534

/* ---- the directory ---- */

static void
put_file (const gchar * path)
{
  fail_unless (g_file_set_contents (path, "mine\n", -1, NULL));
}

static void
be_file (KlingFaultsRequest * request)
{
  put_file (request->store);
}

static void
be_below_file (KlingFaultsRequest * request)
{
  g_autofree gchar *below = g_build_filename (request->store, "below", NULL);

  put_file (request->store);
  kling_faults_request_use_store (request, below);
}

static void
be_link (KlingFaultsRequest * request)
{
  g_autofree gchar *target = g_strconcat (request->store, ".there", NULL);

  fail_unless (g_mkdir (target, 0700) == 0);
  fail_unless (symlink (target, request->store) == 0);
}

static void
be_open_to_all (KlingFaultsRequest * request)
{
  fail_unless (g_mkdir (request->store, 0700) == 0);
  fail_unless (g_chmod (request->store, 0777) == 0);
}

static void
be_anothers (KlingFaultsRequest * request)
{
  fail_unless (g_mkdir (request->store, 0700) == 0);
  if (geteuid () == 0)
    fail_unless (chown (request->store, NOBODY, NOBODY) == 0);
  else
    kling_faults_request_use_store (request, "/");
}

/* Where nobody can make a directory, not even root */
static void
be_unwritable (KlingFaultsRequest * request)
{
  kling_faults_request_use_store (request, "/proc/klinglipsync");
}

static void (*const directories[]) (KlingFaultsRequest * request) = {
  be_file, be_below_file, be_link, be_open_to_all, be_anothers, be_unwritable,
};

/* What is there: kind, mode, owner and bytes of a file */
static gchar *
look_at (const gchar * path)
{
  g_autofree gchar *data = NULL;
  g_autofree gchar *sum = NULL;
  gsize size = 0;
  GStatBuf info;

  if (g_lstat (path, &info) != 0)
    return g_strdup ("nothing");
  if (S_ISREG (info.st_mode) && g_file_get_contents (path, &data, &size, NULL))
    sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256,
        (const guchar *) data, size);
  return g_strdup_printf ("%o %u %s", info.st_mode, info.st_uid, sum ? sum :
      "");
}

static void
check_refused (KlingFaultsRequest * request, const gchar * file)
{
  KlingFaults *faults = request->faults;
  guint calls = kling_faults_calls (faults);
  g_autofree gchar *before = look_at (file);
  g_autofree gchar *after = NULL;
  g_autoptr (KlingFaultsRun) run = kling_faults_run (request, NULL);

  kling_faults_check_error (run, file);
  kling_faults_check (run, kling_faults_calls (faults) == calls,
      "The service was called");
  after = look_at (file);
  kling_faults_check (run, g_str_equal (before, after), "%s: \"%s\" became"
      " \"%s\"", file, before, after);
}

GST_START_TEST (test_directory)
{
  g_autoptr (KlingFaults) faults = kling_faults_new ("gateway", "0.1");
  g_autoptr (KlingFaultsRequest) request =
      kling_faults_request_new (faults, TEXT);

  directories[__i__] (request);
  check_refused (request, request->store);
}

GST_END_TEST;

/* ---- the record ---- */

static void
write_record (const gchar * path, const gchar * text, gsize size)
{
  g_autoptr (GError) error = NULL;

  fail_unless (g_file_set_contents_full (path, text, size,
          G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error), "%s",
      error ? error->message : "");
}

/* Writes the lines of a record without its last one, and one that is right for
 * them. */
static void
sign_record (const gchar * path, const gchar * body)
{
  g_autofree gchar *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256,
      body, -1);
  g_autofree gchar *text = g_strdup_printf ("%s# sha256 %s\n", body, sum);

  write_record (path, text, strlen (text));
}

static gchar *
read_body (const gchar * path)
{
  gchar *text = NULL;
  gchar *trailer;

  fail_unless (g_file_get_contents (path, &text, NULL, NULL));
  trailer = g_strrstr (text, "# sha256 ");
  fail_unless (trailer != NULL);
  *trailer = '\0';
  return text;
}

static void
flip_byte (KlingFaultsRequest * request, const gchar * path)
{
  g_autofree gchar *text = NULL;
  gsize size;

  fail_unless (g_file_get_contents (path, &text, &size, NULL));
  text[size / 2] ^= 1;
  write_record (path, text, size);
}

static void
cut_off (KlingFaultsRequest * request, const gchar * path)
{
  g_autofree gchar *text = NULL;
  gsize size;

  fail_unless (g_file_get_contents (path, &text, &size, NULL));
  write_record (path, text, size / 2);
}

static void
make_empty (KlingFaultsRequest * request, const gchar * path)
{
  write_record (path, "", 0);
}

static void
make_newer (KlingFaultsRequest * request, const gchar * path)
{
  g_autofree gchar *body = read_body (path);
  g_auto (GStrv) parts = g_strsplit (body, "\nversion=1\n", 2);
  g_autofree gchar *newer = NULL;

  fail_unless (parts[0] != NULL && parts[1] != NULL);
  newer = g_strjoinv ("\nversion=2\n", parts);
  sign_record (path, newer);
}

/* A good record, of something else */
static void
make_foreign (KlingFaultsRequest * request, const gchar * path)
{
  g_autofree gchar *other = kling_faults_find_record (request, "session");
  g_autofree gchar *text = NULL;
  gsize size;

  fail_unless (g_file_get_contents (other, &text, &size, NULL));
  write_record (path, text, size);
}

static void
open_to_all (KlingFaultsRequest * request, const gchar * path)
{
  fail_unless (g_chmod (path, 0666) == 0);
}

static void
make_link (KlingFaultsRequest * request, const gchar * path)
{
  g_autofree gchar *elsewhere = g_strconcat (request->store, ".rec", NULL);

  fail_unless (g_rename (path, elsewhere) == 0);
  fail_unless (symlink (elsewhere, path) == 0);
}

static void
make_directory (KlingFaultsRequest * request, const gchar * path)
{
  fail_unless (g_unlink (path) == 0);
  fail_unless (g_mkdir (path, 0700) == 0);
}

static void (*const records[]) (KlingFaultsRequest * request,
    const gchar * path) = {
  flip_byte, cut_off, make_empty, make_newer, make_foreign, open_to_all,
  make_link, make_directory,
};

GST_START_TEST (test_record)
{
  g_autoptr (KlingFaults) faults = kling_faults_new ("gateway", "0.1");
  g_autoptr (KlingFaultsRequest) request =
      kling_faults_request_new (faults, TEXT);
  g_autoptr (KlingFaultsRun) run = kling_faults_run (request, NULL);
  g_autofree gchar *record = NULL;

  kling_faults_check_video (run, NULL);
  record = kling_faults_find_record (request, "request");
  records[__i__] (request, record);
  check_refused (request, record);
}

GST_END_TEST;

/* Without its lock nobody may write the record. */
GST_START_TEST (test_lock)
{
  g_autoptr (KlingFaults) faults = kling_faults_new ("gateway", "0.1");
  g_autoptr (KlingFaultsRequest) request =
      kling_faults_request_new (faults, TEXT);
  g_autoptr (KlingFaultsRun) run = kling_faults_run (request, "polled");
  g_autofree gchar *record = NULL, *lock = NULL;

  fail_unless (kling_faults_was_killed (run));
  record = kling_faults_find_record (request, "request");
  lock = g_strdup_printf ("%.*s.lock", (gint) (strlen (record)
          - strlen (".rec")), record);
  make_directory (request, lock);
  check_refused (request, lock);
}

GST_END_TEST;

static Suite *
spoiled_suite (void)
{
  Suite *suite = suite_create ("spoiled");
  TCase *tcase = tcase_create ("spoiled");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_directory, 0, G_N_ELEMENTS (directories));
  tcase_add_loop_test (tcase, test_record, 0, G_N_ELEMENTS (records));
  tcase_add_test (tcase, test_lock);
  return suite;
}

GST_CHECK_MAIN (spoiled);
