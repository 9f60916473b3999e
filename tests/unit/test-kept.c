/* klinglipsync: tests of the finished videos in a store
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>
#include <glib/gstdio.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kling-error.h"
#include "kling-kept.h"
#include "kling-log.h"
#include "kling-testtree.h"

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define NO_SUM "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define BYTES "0123456789 the bytes of a video that was paid for"

/* ---- a directory of its own for each test ---- */

static gchar *directory;
static gchar *store_path;
static KlingStore *store;
static gchar *sum;              /* of BYTES */
static gchar *video;            /* where they are kept */
static gchar *part_path;
static GString *warnings;

static void
note_warning (KlingLogLevel level, const gchar * file,
    const gchar * function, gint line, const gchar * format, va_list args)
G_GNUC_PRINTF (5, 0);

     static void
         note_warning (KlingLogLevel level, const gchar * file,
    const gchar * function, gint line, const gchar * format, va_list args)
{
  if (level == KLING_LOG_WARNING)
    g_string_append_vprintf (warnings, format, args);
}

static void
setup (void)
{
  g_autoptr (GError) error = NULL;

  directory = kling_test_make_tree ("kept");
  store_path = g_build_filename (directory, "store", NULL);
  store = kling_store_open (store_path, &error);
  fail_unless (store != NULL, "%s", error ? error->message : "no error");
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, BYTES, -1);
  video = kling_kept_dup_path (store, sum);
  part_path = kling_store_dup_file (store, KEY, ".part");
  warnings = g_string_new (NULL);
  kling_log_attach (note_warning);
}

static void
teardown (void)
{
  kling_log_detach ();
  kling_test_remove_tree (directory);
  g_free (directory);
  kling_store_unref (store);
  g_free (store_path);
  g_free (sum);
  g_free (video);
  g_free (part_path);
  g_string_free (warnings, TRUE);
}

static gboolean
is_there (const gchar * path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK);
}

static void
check_bytes (const KlingSpool * spool)
{
  guint8 data[sizeof BYTES];

  fail_unless (spool != NULL);
  fail_unless_equals_string (kling_spool_get_sha256 (spool), sum);
  fail_unless_equals_int64 (kling_spool_read (spool, 0, data, sizeof data,
          NULL), strlen (BYTES));
  fail_unless (memcmp (data, BYTES, strlen (BYTES)) == 0);
}

static void
check_mode (const gchar * path, guint mode)
{
  struct stat info;

  fail_unless (g_lstat (path, &info) == 0, "%s", path);
  fail_unless_equals_int (info.st_mode & 07777, mode);
}

static void
write_text (KlingSpool * spool, const gchar * text)
{
  fail_unless (kling_spool_write (spool, (const guint8 *) text, strlen (text),
          NULL));
}

static KlingSpool *
open_part (gboolean trust)
{
  g_autoptr (GError) error = NULL;
  KlingSpool *part = kling_kept_open_part (store, KEY, trust, &error);

  fail_unless (part != NULL, "%s", error ? error->message : "no error");
  return part;
}

/* Returns: a finished part with BYTES */
static KlingSpool *
make_part (void)
{
  KlingSpool *part = open_part (FALSE);

  write_text (part, BYTES);
  fail_unless (kling_spool_finish (part, NULL));
  return part;
}

static KlingSpool *
publish (void)
{
  KlingSpool *part = make_part ();
  g_autoptr (GError) error = NULL;

  fail_unless (kling_kept_publish (store, KEY, part, &error), "%s",
      error ? error->message : "no error");
  return part;
}

static void
check_error (const GError * error, const gchar * path, const gchar * words)
{
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_LOCAL));
  fail_unless (strstr (error->message, path), "%s", error->message);
  fail_unless (strstr (error->message, words), "%s", error->message);
}

/* What is at video is refused, with @words, and no part takes its place. */
static void
check_refused (const gchar * words)
{
  g_autoptr (KlingSpool) part = make_part ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) second = NULL;

  fail_unless (kling_kept_open (store, sum, &error) == NULL);
  check_error (error, store_path, words);
  fail_if (kling_kept_publish (store, KEY, part, &second));
  check_error (second, store_path, words);
  fail_if (kling_kept_remove (store, sum));
  fail_unless (strstr (warnings->str, words), "%s", warnings->str);
  check_bytes (part);
}

/* ---- parts ---- */

GST_START_TEST (test_part)
{
  KlingSpool *part = open_part (FALSE);

  fail_unless_equals_int64 (kling_spool_get_size (part), 0);
  check_mode (part_path, 0600);
  fail_unless (fcntl (kling_spool_get_fd (part), F_GETFD) & FD_CLOEXEC);
  write_text (part, "0123456789");
  kling_spool_unref (part);

  part = open_part (TRUE);
  fail_unless_equals_int64 (kling_spool_get_size (part), 10);
  write_text (part, &BYTES[10]);
  fail_unless (kling_spool_finish (part, NULL));
  check_bytes (part);
  kling_spool_unref (part);
  fail_unless (is_there (part_path));

  part = open_part (FALSE);
  fail_unless_equals_int64 (kling_spool_get_size (part), 0);
  kling_spool_unref (part);
}

GST_END_TEST;

/* Gone on with, and then the server sends all again. */
GST_START_TEST (test_part_restart)
{
  KlingSpool *part = open_part (FALSE);

  write_text (part,
      "something else, and more of it than there is of the video");
  kling_spool_unref (part);
  part = open_part (TRUE);
  fail_unless (kling_spool_restart (part, NULL));
  fail_unless_equals_int64 (kling_spool_get_size (part), 0);
  write_text (part, BYTES);
  fail_unless (kling_spool_finish (part, NULL));
  check_bytes (part);
  kling_spool_unref (part);
}

GST_END_TEST;

static void
check_no_part (gboolean trust, const gchar * words)
{
  g_autoptr (GError) error = NULL;

  fail_unless (kling_kept_open_part (store, KEY, trust, &error) == NULL);
  check_error (error, part_path, words);
}

GST_START_TEST (test_bad_part)
{
  g_autofree gchar *target = g_build_filename (directory, "precious", NULL);
  g_autofree gchar *text = NULL;

  fail_unless (g_file_set_contents (target, "precious", -1, NULL));
  fail_unless (symlink (target, part_path) == 0);
  check_no_part (FALSE, "symbolic link");
  check_no_part (TRUE, "symbolic link");
  fail_unless (g_file_get_contents (target, &text, NULL, NULL));
  fail_unless_equals_string (text, "precious");
  g_unlink (part_path);

  fail_unless (mkfifo (part_path, 0600) == 0);
  check_no_part (TRUE, "no regular file");
  g_unlink (part_path);

  fail_unless (g_mkdir (part_path, 0700) == 0);
  check_no_part (TRUE, "directory");
  g_rmdir (part_path);

  kling_spool_unref (open_part (FALSE));
  fail_unless (g_chmod (part_path, 0660) == 0);
  check_no_part (FALSE, "written by others");
  fail_unless (is_there (part_path));

  kling_test_remove_tree (store_path);
  check_no_part (FALSE, "No such file");
}

GST_END_TEST;

/* A limit on the size of files stands in for a full disk. */
GST_START_TEST (test_part_disk_full)
{
  g_autoptr (KlingSpool) part = open_part (FALSE);
  g_autofree guint8 *block = g_malloc0 (3000);
  g_autoptr (GError) error = NULL;
  struct rlimit old, limit;

  fail_unless (getrlimit (RLIMIT_FSIZE, &old) == 0);
  limit = old;
  limit.rlim_cur = 4096;
  signal (SIGXFSZ, SIG_IGN);
  fail_unless (setrlimit (RLIMIT_FSIZE, &limit) == 0);
  fail_unless (kling_spool_write (part, block, 3000, NULL));
  fail_if (kling_spool_write (part, block, 3000, &error));
  setrlimit (RLIMIT_FSIZE, &old);
  check_error (error, part_path, "the property store");
}

GST_END_TEST;

/* ---- kept ---- */

GST_START_TEST (test_publish)
{
  g_autofree gchar *results = g_build_filename (store_path, "results", NULL);
  KlingSpool *part, *kept;

  fail_unless (kling_kept_open (store, sum, NULL) == NULL);
  part = publish ();
  fail_if (is_there (part_path));
  check_mode (video, 0600);
  check_mode (results, 0700);
  check_bytes (part);

  kept = kling_kept_open (store, sum, NULL);
  check_bytes (kept);
  fail_unless (fcntl (kling_spool_get_fd (kept), F_GETFD) & FD_CLOEXEC);
  kling_spool_unref (kept);
  kling_spool_unref (part);
  fail_unless_equals_string (warnings->str, "");
}

GST_END_TEST;

/* It is not removed while it is read: by who has published it, by who has
 * opened it. */
GST_START_TEST (test_remove)
{
  KlingSpool *part = publish (), *kept;

  fail_if (kling_kept_remove (store, sum));
  kling_spool_unref (part);
  kept = kling_kept_open (store, sum, NULL);
  fail_if (kling_kept_remove (store, sum));
  fail_unless (is_there (video));
  kling_spool_unref (kept);

  fail_unless (kling_kept_remove (store, sum));
  fail_if (is_there (video));
  fail_unless (kling_kept_open (store, sum, NULL) == NULL);
  fail_unless (kling_kept_remove (store, sum));
  fail_unless_equals_string (warnings->str, "");
}

GST_END_TEST;

/* Who removes it holds the lock until it is gone. */
GST_START_TEST (test_open_while_removed)
{
  g_autoptr (GError) error = NULL;
  KlingSpool *kept;
  gint fd;

  kling_spool_unref (publish ());
  fd = g_open (video, O_RDONLY | O_CLOEXEC);
  fail_unless (flock (fd, LOCK_EX | LOCK_NB) == 0);
  fail_unless (kling_kept_open (store, sum, &error) == NULL);
  fail_unless (error == NULL);
  close (fd);
  kept = kling_kept_open (store, sum, NULL);
  check_bytes (kept);
  kling_spool_unref (kept);
}

GST_END_TEST;

/* Two requests may have the same video: it is kept once, and locked for both. */
GST_START_TEST (test_publish_again)
{
  struct stat before, after;
  KlingSpool *second;

  kling_spool_unref (publish ());
  fail_unless (g_stat (video, &before) == 0);
  second = publish ();
  fail_unless (g_stat (video, &after) == 0);
  fail_unless (before.st_ino == after.st_ino);
  fail_if (is_there (part_path));
  check_bytes (second);
  fail_unless (fcntl (kling_spool_get_fd (second), F_GETFD) & FD_CLOEXEC);
  fail_if (kling_kept_remove (store, sum));
  kling_spool_unref (second);
  fail_unless (kling_kept_remove (store, sum));
}

GST_END_TEST;

static const gchar *const damages[] = {
  "", "0", "1" BYTES, BYTES "1", "X123456789 the bytes of a video that was paid"
      " for",
};

GST_START_TEST (test_damage)
{
  g_autoptr (GError) error = NULL;
  KlingSpool *kept;

  kling_spool_unref (publish ());
  fail_unless (g_file_set_contents (video, damages[__i__], -1, NULL));
  fail_unless (kling_kept_open (store, sum, &error) == NULL);
  fail_unless (error == NULL);
  fail_unless (strstr (warnings->str, video), "%s", warnings->str);
  fail_unless (strstr (warnings->str, "damaged"), "%s", warnings->str);

  /* fetched again, it takes the place of what is damaged */
  kling_spool_unref (publish ());
  kept = kling_kept_open (store, sum, NULL);
  check_bytes (kept);
  kling_spool_unref (kept);
}

GST_END_TEST;

GST_START_TEST (test_bad_file)
{
  g_autofree gchar *target = g_build_filename (directory, "elsewhere", NULL);

  kling_spool_unref (publish ());
  fail_unless (g_rename (video, target) == 0);
  fail_unless (symlink (target, video) == 0);
  check_refused ("symbolic link");
  g_unlink (video);

  fail_unless (mkfifo (video, 0600) == 0);
  check_refused ("no regular file");
  g_unlink (video);

  fail_unless (g_rename (target, video) == 0);
  fail_unless (g_chmod (video, 0602) == 0);
  check_refused ("written by others");
}

GST_END_TEST;

GST_START_TEST (test_bad_directory)
{
  g_autofree gchar *results = g_build_filename (store_path, "results", NULL);
  g_autofree gchar *target = g_build_filename (directory, "elsewhere", NULL);
  g_autoptr (GPtrArray) list = NULL;

  kling_spool_unref (publish ());
  fail_unless (g_chmod (results, 0770) == 0);
  check_refused ("written by others");
  fail_unless (g_chmod (results, 0700) == 0);

  fail_unless (g_rename (results, target) == 0);
  fail_unless (symlink (target, results) == 0);
  check_refused ("symbolic link");
  list = kling_kept_list (store);
  fail_unless (list->len == 0);
  g_unlink (results);

  fail_unless (g_file_set_contents (results, "", 0, NULL));
  check_refused ("no directory");
}

GST_END_TEST;

/* Of another user: only root can make such a file. */
GST_START_TEST (test_foreign)
{
  if (geteuid () != 0)
    return;
  kling_spool_unref (publish ());
  fail_unless (chown (video, 12345, -1) == 0);
  check_refused ("another user");
}

GST_END_TEST;

GST_START_TEST (test_list)
{
  g_autofree gchar *results = g_build_filename (store_path, "results", NULL);
  static const gchar *const others[] = { "notes.txt", "x.mp4", NO_SUM,
    NO_SUM ".mp4x", "0" NO_SUM ".mp4", ".mp4"
  };
  g_autofree gchar *link = kling_kept_dup_path (store, NO_SUM);
  struct timespec old[2] = { {1000000000, 5000}, {1000000000, 5000} };
  g_autoptr (GPtrArray) none = kling_kept_list (store);
  g_autoptr (GPtrArray) before = NULL;
  g_autoptr (GPtrArray) after = NULL;
  const KlingKept *kept;

  fail_unless_equals_int (none->len, 0);
  kling_spool_unref (publish ());
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autofree gchar *path = g_build_filename (results, others[i], NULL);

    fail_unless (g_file_set_contents (path, "x", 1, NULL));
  }
  fail_unless (symlink (video, link) == 0);

  fail_unless (utimensat (AT_FDCWD, video, old, 0) == 0);
  before = kling_kept_list (store);
  fail_unless_equals_int (before->len, 1);
  kept = before->pdata[0];
  fail_unless_equals_string (kept->sha256, sum);
  fail_unless_equals_int64 (kept->size, strlen (BYTES));
  fail_unless_equals_int64 (kept->played_at,
      G_GINT64_CONSTANT (1000000000000005));

  kling_spool_unref (kling_kept_open (store, sum, NULL));
  after = kling_kept_list (store);
  kept = after->pdata[0];
  fail_unless (g_get_real_time () - kept->played_at < 60 * G_USEC_PER_SEC);
}

GST_END_TEST;

/* Sums come from records; what is none is no path. */
GST_START_TEST (test_bad_names)
{
  static const gchar *const names[] = { NULL, "", "../secret", "..",
    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
    "/fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    NO_SUM "0",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GError) error = NULL;

    fail_unless (kling_kept_dup_path (store, names[i]) == NULL);
    fail_unless (kling_kept_open (store, names[i], &error) == NULL);
    fail_unless (error == NULL);
    fail_unless (kling_kept_remove (store, names[i]));
  }
}

GST_END_TEST;

GST_START_TEST (test_boot_id)
{
  g_autofree gchar *one = kling_kept_dup_boot_id ();
  g_autofree gchar *two = kling_kept_dup_boot_id ();

  fail_unless_equals_string (one, two);
  if (is_there ("/proc/sys/kernel/random/boot_id"))
    fail_unless (g_uuid_string_is_valid (one));
}

GST_END_TEST;

#ifdef KLING_TEST_HOOKS
/* Killed on the way: there is the whole part or the whole video, never half. */
GST_START_TEST (test_killed)
{
  static const gchar *const points[] = { "result-flushed", "result-renamed" };
  const gchar *whole = __i__ ? video : part_path;
  g_autofree gchar *text = NULL;
  KlingSpool *part, *kept;
  gint status;
  pid_t pid = fork ();

  if (pid == 0) {
    g_setenv ("KLING_TEST_KILL", points[__i__], TRUE);
    part = make_part ();
    kling_kept_publish (store, KEY, part, NULL);
    _exit (0);
  }
  fail_unless (pid > 0 && waitpid (pid, &status, 0) == pid);
  fail_unless (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  fail_unless (g_file_get_contents (whole, &text, NULL, NULL));
  fail_unless_equals_string (text, BYTES);
  fail_unless (is_there (video) == __i__);
  fail_unless (is_there (part_path) != __i__);

  kling_spool_unref (publish ());
  kept = kling_kept_open (store, sum, NULL);
  check_bytes (kept);
  kling_spool_unref (kept);
}

GST_END_TEST;
#endif

static Suite *
kept_suite (void)
{
  Suite *suite = suite_create ("kept");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_part);
  tcase_add_test (tc, test_part_restart);
  tcase_add_test (tc, test_bad_part);
  tcase_add_test (tc, test_part_disk_full);
  tcase_add_test (tc, test_publish);
  tcase_add_test (tc, test_remove);
  tcase_add_test (tc, test_open_while_removed);
  tcase_add_test (tc, test_publish_again);
  tcase_add_loop_test (tc, test_damage, 0, G_N_ELEMENTS (damages));
  tcase_add_test (tc, test_bad_file);
  tcase_add_test (tc, test_bad_directory);
  tcase_add_test (tc, test_foreign);
  tcase_add_test (tc, test_list);
  tcase_add_test (tc, test_bad_names);
  tcase_add_test (tc, test_boot_id);
#ifdef KLING_TEST_HOOKS
  tcase_add_loop_test (tc, test_killed, 0, 2);
#endif
  return suite;
}

GST_CHECK_MAIN (kept);
