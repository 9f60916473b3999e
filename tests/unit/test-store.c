/* klinglipsync: tests of the directory of what was asked and bought
 *
 * What cannot be believed is never taken for "nothing was bought", and what is
 * said to be written is there for another process.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "store-case.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* As much room as an answer gets */
#define ROOM 65536

/* --- opening --- */

static void
check_mode (const gchar * path, guint mode)
{
  struct stat info;

  fail_unless (lstat (path, &info) == 0, "%s", path);
  fail_unless_equals_int (info.st_mode & 07777, mode);
}

static void
check_closed (const gchar * path, const gchar * words)
{
  g_autoptr (GError) error = NULL;

  fail_unless (kling_store_open (path, &error) == NULL);
  case_check_error (error, words);
  fail_unless (strstr (error->message, path) != NULL, "%s", error->message);
  fail_unless (strstr (error->message, "KLING_STORE") != NULL);
}

GST_START_TEST (test_open_makes_parents)
{
  g_autoptr (Case) c = case_new_closed ();
  g_autofree gchar *above = g_build_filename (c->base, "a", "b", NULL);
  g_autofree gchar *path = g_build_filename (above, "c", NULL);
  g_autofree gchar *again = g_strconcat (path, "/../c//", NULL);
  mode_t before = umask (0);
  g_autoptr (KlingStore) store = kling_store_open (path, NULL);
  g_autoptr (KlingStore) other = kling_store_open (again, NULL);

  umask (before);
  fail_unless (store != NULL && other != NULL);
  check_mode (path, 0700);
  check_mode (above, 0700);
  fail_unless_equals_string (kling_store_get_path (store), path);
  fail_unless_equals_string (kling_store_get_path (other), path);
}

GST_END_TEST;

GST_START_TEST (test_open_file)
{
  g_autoptr (Case) c = case_new_closed ();
  g_autofree gchar *below = g_build_filename (c->path, "below", NULL);

  fail_unless (g_file_set_contents (c->path, "x", 1, NULL));
  check_closed (c->path, "no directory");
  check_closed (below, "no directory");
}

GST_END_TEST;

GST_START_TEST (test_open_link)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *path = g_build_filename (c->base, "link", NULL);
  g_autofree gchar *dangling = g_build_filename (c->base, "dangling", NULL);

  fail_unless (symlink (c->path, path) == 0);
  check_closed (path, "is a link");
  fail_unless (symlink ("nowhere", dangling) == 0);
  check_closed (dangling, "\"");
}

GST_END_TEST;

static const guint open_modes[] = { 0710, 0701, 0770, 0755, 0777, 01777 };

GST_START_TEST (test_open_to_others)
{
  g_autoptr (Case) c = case_new_closed ();

  fail_unless (g_mkdir (c->path, 0700) == 0);
  fail_unless (g_chmod (c->path, open_modes[__i__]) == 0);
  check_closed (c->path, "open to other users (chmod 700)");
  fail_unless (g_chmod (c->path, 0700) == 0);
  c->store = kling_store_open (c->path, NULL);
  fail_unless (c->store != NULL);
}

GST_END_TEST;

GST_START_TEST (test_open_of_another_user)
{
  g_autoptr (Case) c = case_new ();

  if (geteuid () != 0)
    return;
  fail_unless (chown (c->path, 12345, 12345) == 0);
  check_closed (c->path, "belongs to another user");
}

GST_END_TEST;

/* --- the salt --- */

GST_START_TEST (test_account)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (Case) d = case_new ();
  g_autoptr (KlingStore) again = kling_store_open (c->path, NULL);
  g_autofree gchar *account = kling_store_dup_account (c->store, "https://h",
      "canary");
  g_autofree gchar *same = kling_store_dup_account (again, "https://h",
      "canary");
  g_autofree gchar *key = kling_store_dup_account (c->store, "https://h",
      "canary2");
  g_autofree gchar *origin = kling_store_dup_account (c->store, "https://i",
      "canary");
  g_autofree gchar *store = kling_store_dup_account (d->store, "https://h",
      "canary");
  g_autofree gchar *none = kling_store_dup_account (NULL, "https://h",
      "canary");

  fail_unless_equals_string (account, same);
  fail_if (g_str_equal (account, key) || g_str_equal (account, origin)
      || g_str_equal (account, store) || g_str_equal (account, none));
  fail_unless_equals_int (strspn (account, "0123456789abcdef"), 64);
  fail_unless_equals_int (strlen (account), 64);
  fail_unless_equals_int64 (case_get_size (c, "salt"), 64);
}

GST_END_TEST;

/* Of many who open a new store at once all have the same salt. */
static gpointer
open_and_tell (gpointer path)
{
  g_autoptr (KlingStore) store = kling_store_open (path, NULL);

  return store ? kling_store_dup_account (store, "o", "k") : NULL;
}

GST_START_TEST (test_salt_once)
{
  g_autoptr (Case) c = case_new_closed ();
  GThread *threads[8];
  g_autofree gchar *known = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("open", open_and_tell, c->path);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++) {
    g_autofree gchar *account = g_thread_join (threads[i]);

    fail_unless (account != NULL);
    if (known == NULL)
      known = g_strdup (account);
    fail_unless_equals_string (account, known);
  }
}

GST_END_TEST;

static const struct
{
  const gchar *salt;
  const gchar *words;
} bad_salts[] = {
  {"", "is damaged"},
  {"00", "is damaged"},
  {CASE_KEY "\n", "is damaged"},
};

GST_START_TEST (test_bad_salt)
{
  g_autoptr (Case) c = case_new ();

  case_write (c, "salt", bad_salts[__i__].salt, -1);
  check_closed (c->path, bad_salts[__i__].words);
}

GST_END_TEST;

GST_START_TEST (test_salt_is_no_file)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *path = case_dup_path (c, "salt");

  case_remove (c, "salt");
  fail_unless (symlink ("/etc/passwd", path) == 0);
  check_closed (c->path, "it is a symbolic link");
  case_remove (c, "salt");
  fail_unless (mkfifo (path, 0600) == 0);
  check_closed (c->path, "it is no regular file");
}

GST_END_TEST;

/* --- records --- */

GST_START_TEST (test_put_and_read)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (Case) other = case_new_closed ();
  g_autoptr (KlingRecord) none = case_read (c);
  g_autoptr (KlingRecord) record = NULL;
  gint64 begun = g_get_real_time ();

  fail_unless (none == NULL);
  case_put (c, KLING_RECORD_RUNNING, 1);
  /* as another process sees it */
  g_free (other->path);
  other->path = g_strdup (c->path);
  other->store = kling_store_open (c->path, NULL);
  record = case_read (other);
  fail_unless_equals_int (record->state, KLING_RECORD_RUNNING);
  fail_unless_equals_string (record->task_id, "t1");
  fail_unless (record->changed_at >= begun);
  fail_if (case_has (c, ".rec.tmp"));
}

GST_END_TEST;

/* What a process has left that was killed while it wrote */
GST_START_TEST (test_put_over_leftovers)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingRecord) record = NULL;

  case_put (c, KLING_RECORD_READY, 0);
  case_write (c, ".rec.tmp", "half", -1);
  case_put (c, KLING_RECORD_RUNNING, 1);
  record = case_read (c);
  fail_unless_equals_int (record->state, KLING_RECORD_RUNNING);
  fail_if (case_has (c, ".rec.tmp"));
}

GST_END_TEST;

GST_START_TEST (test_put_fails)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingRecord) record = case_make_record (KLING_RECORD_RUNNING, 1);
  g_autoptr (KlingRecord) back = NULL;
  g_autoptr (GError) error = NULL;

  case_put (c, KLING_RECORD_READY, 0);
  case_make_directory (c, ".rec.tmp");
  fail_if (kling_store_put (c->store, record, &error));
  case_check_error (error, CASE_KEY ".rec.tmp\" cannot be opened");
  back = case_read (c);
  fail_unless_equals_int (back->state, KLING_RECORD_READY);
}

GST_END_TEST;

static void
put_without_space (Case * c)
{
  g_autoptr (KlingRecord) record = case_make_record (KLING_RECORD_RUNNING, 1);
  g_autoptr (GError) error = NULL;
  struct rlimit limit = { 100, 100 };

  signal (SIGXFSZ, SIG_IGN);
  fail_unless (setrlimit (RLIMIT_FSIZE, &limit) == 0);
  fail_if (kling_store_put (c->store, record, &error));
  case_check_error (error, "cannot be written");
  fail_if (case_has (c, ".rec.tmp"));
  fail_if (kling_store_make_room (c->store, CASE_KEY, NULL));
  fail_if (case_has (c, ".ans"));
}

GST_START_TEST (test_no_space)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingRecord) record = NULL;

  case_put (c, KLING_RECORD_READY, 0);
  fail_unless (case_run (put_without_space, c));
  record = case_read (c);
  fail_unless_equals_int (record->state, KLING_RECORD_READY);
}

GST_END_TEST;

GST_START_TEST (test_files)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *file = kling_store_dup_file (c->store, CASE_KEY,
      KLING_STORE_PART);
  g_autofree gchar *expected = case_dup_path (c, ".part");

  fail_unless_equals_string (file, expected);
  case_put (c, KLING_RECORD_READY, 0);
  g_free (file);
  file = case_dup_path (c, ".rec");
  check_mode (file, 0600);
}

GST_END_TEST;

GST_START_TEST (test_list)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (GPtrArray) none = kling_store_list (c->store, NULL);
  g_autoptr (GPtrArray) keys = NULL;
  g_autofree gchar *other = g_strnfill (64, 'f');
  g_autofree gchar *file = g_strconcat (other, ".rec", NULL);
  g_autofree gchar *strange = g_strnfill (64, 'x');
  g_autofree gchar *strange_file = g_strconcat (strange, ".rec", NULL);

  fail_unless_equals_int (none->len, 0);
  case_write (c, file, "", 0);
  case_write (c, strange_file, "", 0);
  case_write (c, "short.rec", "", 0);
  case_write (c, ".rec.tmp", "", 0);
  case_write (c, ".ans", "", 0);
  case_put (c, KLING_RECORD_READY, 0);
  keys = kling_store_list (c->store, NULL);
  fail_unless_equals_int (keys->len, 2);
  fail_unless_equals_string (keys->pdata[0], CASE_KEY);
  fail_unless_equals_string (keys->pdata[1], other);
}

GST_END_TEST;

/* --- records that cannot be believed --- */

static void
check_bad (const Case * c, const gchar * words)
{
  g_autoptr (GError) error = NULL;
  KlingRecord *record = (gpointer) 1;

  fail_if (kling_store_read (c->store, CASE_KEY, &record, &error));
  fail_unless (record == NULL);
  case_check_error (error, words);
  fail_unless (strstr (error->message, CASE_KEY ".rec") != NULL);
  /* what to do */
  fail_unless (strstr (error->message, "task-id") != NULL);
  fail_unless (strstr (error->message, "take") != NULL);
}

GST_START_TEST (test_bad_text)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *zeros = g_malloc0 (ROOM);

  case_write (c, ".rec", "", 0);
  check_bad (c, "it is cut off");
  case_write (c, ".rec", zeros, ROOM);
  check_bad (c, "it is cut off");
  case_write (c, ".rec", CASE_KEY CASE_KEY CASE_KEY, -1);
  check_bad (c, "checksum");
  /* it stays as it is */
  fail_unless_equals_int64 (case_get_size (c, ".rec"), 3 * 64);
}

GST_END_TEST;

GST_START_TEST (test_bad_size)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *path = case_dup_path (c, ".rec");

  case_put (c, KLING_RECORD_READY, 0);
  fail_unless (truncate (path, G_GINT64_CONSTANT (1) << 40) == 0
      || truncate (path, 1 << 30) == 0);
  check_bad (c, "it is too large");
}

GST_END_TEST;

GST_START_TEST (test_bad_key)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingRecord) record = kling_record_new (KLING_RECORD_REQUEST,
      CASE_SUM);
  g_autofree gchar *text = NULL;
  gsize size;

  text = kling_record_to_text (record, &size);
  case_write (c, ".rec", text, (gssize) size);
  check_bad (c, "something else");
}

GST_END_TEST;

static const guint bad_modes[] = { 0620, 0602, 0666, 0622 };

GST_START_TEST (test_bad_mode)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *path = case_dup_path (c, ".rec");

  case_put (c, KLING_RECORD_READY, 0);
  fail_unless (g_chmod (path, bad_modes[__i__]) == 0);
  check_bad (c, "other users can write it (chmod 600)");
}

GST_END_TEST;

GST_START_TEST (test_bad_owner)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *path = case_dup_path (c, ".rec");

  if (geteuid () != 0)
    return;
  case_put (c, KLING_RECORD_READY, 0);
  fail_unless (chown (path, 12345, 12345) == 0);
  check_bad (c, "belongs to another user");
}

GST_END_TEST;

GST_START_TEST (test_bad_kind_of_file)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *path = case_dup_path (c, ".rec");
  g_autofree gchar *real = case_dup_path (c, ".real");

  case_put (c, KLING_RECORD_READY, 0);
  fail_unless (g_rename (path, real) == 0);
  fail_unless (symlink (real, path) == 0);
  check_bad (c, "it is a symbolic link");
  case_remove (c, ".rec");
  fail_unless (symlink ("nowhere", path) == 0);
  check_bad (c, "it is a symbolic link");
  case_remove (c, ".rec");
  fail_unless (g_mkdir (path, 0700) == 0);
  check_bad (c, "it is no regular file");
  case_remove (c, ".rec");
  /* nobody ever writes into it */
  fail_unless (mkfifo (path, 0600) == 0);
  check_bad (c, "it is no regular file");
}

GST_END_TEST;

/* --- the call that costs: room, right, answer --- */

static void
put_sending (const Case * c, guint attempt, gboolean resent)
{
  g_autoptr (KlingRecord) record = case_make_record (KLING_RECORD_SENDING,
      attempt);

  record->resent = resent;
  fail_unless (kling_store_put (c->store, record, NULL));
}

static gboolean
take_right (const Case * c, guint attempt, gboolean resent, GError ** error)
{
  g_autoptr (KlingRecord) record = case_make_record (KLING_RECORD_SENDING,
      attempt);

  record->resent = resent;
  return kling_store_take_right (c->store, record, error);
}

static void
check_state (const Case * c, KlingRecordState state, guint attempt,
    gboolean resent)
{
  g_autoptr (KlingRecord) record = case_read (c);

  fail_unless_equals_string (kling_record_state_get_nick (record->state),
      kling_record_state_get_nick (state));
  fail_unless_equals_int (record->attempt, attempt);
  fail_unless_equals_int (record->resent, resent);
}

/* Before the right is taken, nothing was sent. */
GST_START_TEST (test_sending)
{
  g_autoptr (Case) c = case_new ();

  put_sending (c, 1, FALSE);
  check_state (c, KLING_RECORD_READY, 0, FALSE);
  fail_unless (take_right (c, 1, FALSE, NULL));
  check_state (c, KLING_RECORD_SENDING, 1, FALSE);
  fail_unless (case_has (c, ".a1"));
}

GST_END_TEST;

GST_START_TEST (test_sending_next)
{
  g_autoptr (Case) c = case_new ();

  fail_unless (take_right (c, 1, FALSE, NULL));
  put_sending (c, 2, FALSE);
  check_state (c, KLING_RECORD_READY, 1, FALSE);
  fail_unless (take_right (c, 2, FALSE, NULL));
  check_state (c, KLING_RECORD_SENDING, 2, FALSE);
}

GST_END_TEST;

/* Then the first call may have been sent all the same. */
GST_START_TEST (test_sending_again)
{
  g_autoptr (Case) c = case_new ();

  fail_unless (take_right (c, 1, FALSE, NULL));
  put_sending (c, 1, TRUE);
  check_state (c, KLING_RECORD_SENDING, 1, FALSE);
  fail_unless (take_right (c, 1, TRUE, NULL));
  check_state (c, KLING_RECORD_SENDING, 1, TRUE);
  fail_unless (case_has (c, ".a1r"));
}

GST_END_TEST;

GST_START_TEST (test_rights_are_exclusive)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingRecord) record = case_make_record (KLING_RECORD_SENDING, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) taken = NULL;

  fail_unless (kling_store_check_right (c->store, record, NULL));
  fail_unless (take_right (c, 1, FALSE, NULL));
  fail_if (take_right (c, 1, FALSE, &error));
  case_check_error (error, CASE_KEY ".a1");
  /* and it is still there */
  fail_unless (case_has (c, ".a1"));
  fail_if (kling_store_check_right (c->store, record, &taken));
  fail_unless (strstr (taken->message, "not sent") != NULL);
  fail_unless (take_right (c, 1, TRUE, NULL));
  fail_unless (take_right (c, 2, FALSE, NULL));

  fail_unless (kling_store_drop_right (c->store, record, NULL));
  fail_if (case_has (c, ".a1"));
  fail_unless (case_has (c, ".a1r") && case_has (c, ".a2"));
  fail_unless (kling_store_drop_right (c->store, record, NULL));
  fail_unless (take_right (c, 1, FALSE, NULL));
}

GST_END_TEST;

/* Whatever stands there under the name of a right, a call may have been sent. */
GST_START_TEST (test_strange_right)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *path = case_dup_path (c, ".a1");

  put_sending (c, 1, FALSE);
  fail_unless (symlink ("nowhere", path) == 0);
  check_state (c, KLING_RECORD_SENDING, 1, FALSE);
  fail_if (take_right (c, 1, FALSE, NULL));
  fail_unless (remove (path) == 0);
  case_make_directory (c, ".a1");
  check_state (c, KLING_RECORD_SENDING, 1, FALSE);
  fail_if (take_right (c, 1, FALSE, NULL));
}

GST_END_TEST;

static void
look_from_outside (Case * c)
{
  g_autoptr (KlingRecord) record = case_make_record (KLING_RECORD_SENDING, 1);

  fail_unless (kling_store_check_right (c->store, record, NULL));
  fail_unless (seteuid (12345) == 0);
  fail_if (kling_store_check_right (c->store, record, NULL));
}

/* A right that cannot be looked at may be there. */
GST_START_TEST (test_unseen_right)
{
  g_autoptr (Case) c = case_new ();

  if (geteuid () == 0)
    fail_unless (case_run (look_from_outside, c));
}

GST_END_TEST;

GST_START_TEST (test_room)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *path = case_dup_path (c, ".ans");
  struct stat info;

  fail_unless (kling_store_make_room (c->store, CASE_KEY, NULL));
  fail_unless (stat (path, &info) == 0);
  fail_unless_equals_int64 (info.st_size, ROOM);
  fail_unless ((gint64) info.st_blocks * 512 >= ROOM);
  check_mode (path, 0600);
  /* once more, over what is left of an earlier answer */
  case_write (c, ".ans", "earlier", -1);
  fail_unless (kling_store_make_room (c->store, CASE_KEY, NULL));
  fail_unless_equals_int64 (case_get_size (c, ".ans"), ROOM);
}

GST_END_TEST;

GST_START_TEST (test_room_is_none)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (GError) error = NULL;

  case_make_directory (c, ".ans");
  fail_if (kling_store_make_room (c->store, CASE_KEY, &error));
  case_check_error (error, CASE_KEY ".ans");
}

GST_END_TEST;

static void
begin (const Case * c)
{
  fail_unless (kling_store_make_room (c->store, CASE_KEY, NULL));
  put_sending (c, 1, FALSE);
  fail_unless (take_right (c, 1, FALSE, NULL));
}

static void
answer_without_space (Case * c)
{
  g_autoptr (KlingRecord) record = case_make_record (KLING_RECORD_RUNNING, 1);
  struct rlimit limit = { 0, 0 };

  signal (SIGXFSZ, SIG_IGN);
  /* no new file gets a byte, as on a full disk */
  case_make_directory (c, ".rec.tmp");
  fail_unless (kling_store_put_answer (c->store, record, NULL));
  fail_unless (setrlimit (RLIMIT_FSIZE, &limit) == 0);
  fail_if (kling_store_put (c->store, record, NULL));
}

GST_START_TEST (test_answer)
{
  g_autoptr (Case) c = case_new ();

  begin (c);
  check_state (c, KLING_RECORD_SENDING, 1, FALSE);
  fail_unless (case_run (answer_without_space, c));
  check_state (c, KLING_RECORD_RUNNING, 1, FALSE);
  fail_if (case_has (c, ".ans"));
  fail_unless (case_has (c, ".a1"));
}

GST_END_TEST;

static void
write_answer (const Case * c, const KlingRecord * answer, gsize room)
{
  gsize size;
  g_autofree gchar *text = kling_record_to_text (answer, &size);
  g_autofree gchar *data = g_malloc0 (MAX (room, size));

  memcpy (data, text, size);
  case_write (c, ".ans", data, (gssize) MAX (room, size));
}

/* The answer is on the disk, but the process has died before it was renamed, or
 * before it was cut to size. */
GST_START_TEST (test_answer_adopted)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingRecord) answer = case_make_record (KLING_RECORD_RUNNING, 1);
  g_autoptr (KlingRecord) record = NULL;

  begin (c);
  write_answer (c, answer, __i__ == 0 ? 0 : ROOM);
  check_state (c, KLING_RECORD_RUNNING, 1, FALSE);
  record = case_read (c);
  fail_unless_equals_string (record->task_id, "t1");
  fail_unless (case_has (c, ".ans"));

  kling_store_settle (c->store, CASE_KEY);
  fail_if (case_has (c, ".ans"));
  check_state (c, KLING_RECORD_RUNNING, 1, FALSE);
}

GST_END_TEST;

static void
check_not_adopted (const Case * c)
{
  check_state (c, KLING_RECORD_SENDING, 1, FALSE);
  kling_store_settle (c->store, CASE_KEY);
  check_state (c, KLING_RECORD_SENDING, 1, FALSE);
}

/* What answers something else is none, and what is damaged neither. */
GST_START_TEST (test_answer_not_adopted)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingRecord) answer = case_make_record (KLING_RECORD_RUNNING, 2);
  g_autofree gchar *text = NULL;
  gsize size;

  begin (c);
  write_answer (c, answer, ROOM);
  check_not_adopted (c);
  answer->attempt = 1;
  answer->resent = TRUE;
  write_answer (c, answer, ROOM);
  check_not_adopted (c);
  answer->resent = FALSE;
  answer->kind = KLING_RECORD_TASK;
  write_answer (c, answer, ROOM);
  check_not_adopted (c);
  answer->kind = KLING_RECORD_REQUEST;
  *answer->key = 'f';
  write_answer (c, answer, ROOM);
  check_not_adopted (c);

  *answer->key = *CASE_KEY;
  text = kling_record_to_text (answer, &size);
  for (gsize i = 0; i < size; i += 16) {
    case_write (c, ".ans", text, (gssize) i);
    check_not_adopted (c);
  }
  case_remove (c, ".ans");
  check_not_adopted (c);
}

GST_END_TEST;

/* An earlier answer says nothing about a record that is not being sent. */
GST_START_TEST (test_answer_stale)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingRecord) answer = case_make_record (KLING_RECORD_RUNNING, 1);

  case_put (c, KLING_RECORD_FAILED, 1);
  write_answer (c, answer, 0);
  check_state (c, KLING_RECORD_FAILED, 1, FALSE);
  kling_store_settle (c->store, CASE_KEY);
  check_state (c, KLING_RECORD_FAILED, 1, FALSE);
  /* and is cleared away */
  case_put (c, KLING_RECORD_FAILED, 1);
  fail_if (case_has (c, ".ans"));
}

GST_END_TEST;

GST_START_TEST (test_settle_nothing)
{
  g_autoptr (Case) c = case_new ();

  kling_store_settle (c->store, CASE_KEY);
  fail_if (case_has (c, ".rec"));
  case_write (c, ".rec", "rubbish", -1);
  kling_store_settle (c->store, CASE_KEY);
  check_bad (c, "cut off");
}

GST_END_TEST;

GST_START_TEST (test_answer_fails)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingRecord) answer = case_make_record (KLING_RECORD_RUNNING, 1);
  g_autoptr (GError) no_room = NULL;
  g_autoptr (GError) no_name = NULL;

  begin (c);
  case_remove (c, ".ans");
  fail_if (kling_store_put_answer (c->store, answer, &no_room));
  case_check_error (no_room, CASE_KEY ".ans\" cannot be opened");
  check_state (c, KLING_RECORD_SENDING, 1, FALSE);

  fail_unless (kling_store_make_room (c->store, CASE_KEY, NULL));
  case_remove (c, ".rec");
  case_make_directory (c, ".rec");
  fail_if (kling_store_put_answer (c->store, answer, &no_name));
  case_check_error (no_name, CASE_KEY ".rec\" cannot be replaced");
}

GST_END_TEST;

/* The directory is taken away under us. */
GST_START_TEST (test_directory_is_gone)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingRecord) record = case_make_record (KLING_RECORD_SENDING, 1);
  g_autofree gchar *aside = g_build_filename (c->base, "aside", NULL);
  g_autoptr (GError) error = NULL;

  fail_unless (g_rename (c->path, aside) == 0);
  /* it is the same one, wherever it is called */
  fail_unless (kling_store_put (c->store, record, NULL));
  fail_unless (g_rename (aside, c->path) == 0);
  fail_unless (case_has (c, ".rec"));

  case_remove (c, ".rec");
  case_remove (c, "salt");
  fail_unless (g_rmdir (c->path) == 0);
  fail_if (kling_store_put (c->store, record, &error));
  case_check_error (error, c->path);
  fail_if (kling_store_make_room (c->store, CASE_KEY, NULL));
  fail_if (kling_store_take_right (c->store, record, NULL));
  fail_unless_equals_int (kling_store_try_lock (c->store, "lock", NULL, NULL),
      -1);
}

GST_END_TEST;

static TCase *
make_directory_cases (void)
{
  TCase *tc = tcase_create ("directory");

  tcase_add_test (tc, test_open_makes_parents);
  tcase_add_test (tc, test_open_file);
  tcase_add_test (tc, test_open_link);
  tcase_add_loop_test (tc, test_open_to_others, 0, G_N_ELEMENTS (open_modes));
  tcase_add_test (tc, test_open_of_another_user);
  tcase_add_test (tc, test_account);
  tcase_add_test (tc, test_salt_once);
  tcase_add_loop_test (tc, test_bad_salt, 0, G_N_ELEMENTS (bad_salts));
  tcase_add_test (tc, test_salt_is_no_file);
  tcase_add_test (tc, test_directory_is_gone);
  return tc;
}

static TCase *
make_record_cases (void)
{
  TCase *tc = tcase_create ("records");

  tcase_add_test (tc, test_put_and_read);
  tcase_add_test (tc, test_put_over_leftovers);
  tcase_add_test (tc, test_put_fails);
  tcase_add_test (tc, test_no_space);
  tcase_add_test (tc, test_files);
  tcase_add_test (tc, test_list);
  tcase_add_test (tc, test_bad_text);
  tcase_add_test (tc, test_bad_size);
  tcase_add_test (tc, test_bad_key);
  tcase_add_loop_test (tc, test_bad_mode, 0, G_N_ELEMENTS (bad_modes));
  tcase_add_test (tc, test_bad_owner);
  tcase_add_test (tc, test_bad_kind_of_file);
  return tc;
}

static TCase *
make_call_cases (void)
{
  TCase *tc = tcase_create ("calls");

  tcase_add_test (tc, test_sending);
  tcase_add_test (tc, test_sending_next);
  tcase_add_test (tc, test_sending_again);
  tcase_add_test (tc, test_rights_are_exclusive);
  tcase_add_test (tc, test_strange_right);
  tcase_add_test (tc, test_unseen_right);
  tcase_add_test (tc, test_room);
  tcase_add_test (tc, test_room_is_none);
  tcase_add_test (tc, test_answer);
  tcase_add_loop_test (tc, test_answer_adopted, 0, 2);
  tcase_add_test (tc, test_answer_not_adopted);
  tcase_add_test (tc, test_answer_stale);
  tcase_add_test (tc, test_settle_nothing);
  tcase_add_test (tc, test_answer_fails);
  return tc;
}

static Suite *
store_suite (void)
{
  Suite *suite = suite_create ("store");

  suite_add_tcase (suite, make_directory_cases ());
  suite_add_tcase (suite, make_record_cases ());
  suite_add_tcase (suite, make_call_cases ());
  return suite;
}

GST_CHECK_MAIN (store);
