/* klinglipsync: the directory of what was asked and bought
 *
 * The files of a store, and the order in which they reach the disk. KEY.rec is
 * a record; KEY.lock keeps others away from it; KEY.aN is the right to send its
 * Nth call that costs, and is there if and only if that call may have been
 * sent; KEY.ans is room for the answer, so that a disk which fills up meanwhile
 * does not lose what was paid for. docs/architecture.md, "The store".
 *
 * Everything that says it was written is on the disk when the function returns:
 * the file was flushed, renamed into place, and the directory flushed. GLib's
 * g_file_set_contents_full() does the same but keeps quiet when flushing the
 * directory fails.
 *
 * Any thread. Whoever writes about a key holds its lock; reading needs none,
 * because records are replaced as a whole.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-store-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kling-clock.h"
#include "kling-log.h"

#define RECORD ".rec"
#define TEMPORARY ".tmp"
#define SALT "salt"
#define SALT_BYTES 32
/* A record is one or two thousand bytes; with many faces some more. */
#define ROOM (64 * 1024)
#define MAX_RECORD (1024 * 1024)
#define KEY_LENGTH 64
/* More calls than that are of no record that can be believed. */
#define MAX_ATTEMPTS 1000

/* --- errors --- */

/* Returns: %FALSE */
gboolean
kling_store_set_error (const KlingStore * store, const gchar * name,
    const gchar * what, GError ** error)
{
  g_autofree gchar *file = g_build_filename (store->path, name, NULL);

  g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
      "The store cannot be used: \"%s\" %s. Until it can, nothing more is paid"
      " for: mend that, or set store (KLING_STORE) to another directory, or to"
      " nothing to go without.", file, what);
  return FALSE;
}

/* Returns: what @code says of a file that is opened without following links */
static const gchar *
explain (gint code)
{
  return code == ELOOP ? "it is a symbolic link" : g_strerror (code);
}

/* Returns: %FALSE */
gboolean
kling_store_set_errno (const KlingStore * store, const gchar * name,
    const gchar * verb, gint code, GError ** error)
{
  g_autofree gchar *what = g_strdup_printf ("cannot be %s (%s)", verb,
      explain (code));

  return kling_store_set_error (store, name, what, error);
}

/* A record that cannot be believed counts as a question about money. */
static gboolean
set_bad_record (const KlingStore * store, const gchar * name,
    const gchar * what, GError ** error)
{
  g_autofree gchar *file = g_build_filename (store->path, name, NULL);

  g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
      "The record \"%s\" of what was asked before cannot be used: %s. So it is not"
      " known whether this was bought already, and nothing was sent. Look into"
      " the service's console; then set task-id to the task that is there, set"
      " take to a new name to have it made once more, or move the file away.",
      file, what);
  return FALSE;
}

/* --- files --- */

/* Whether it is a file of ours that nobody else can write. @fd is open. */
static const gchar *
find_fault (const struct stat *info)
{
  if (!S_ISREG (info->st_mode))
    return "it is no regular file";
  if (info->st_uid != geteuid ())
    return "it belongs to another user";
  if (info->st_mode & (S_IWGRP | S_IWOTH))
    return "other users can write it (chmod 600)";
  return NULL;
}

static gboolean
write_all (gint fd, const gchar * data, gsize size)
{
  gsize done = 0;

  while (done < size) {
    gssize n = pwrite (fd, data + done, size - done, (off_t) done);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      errno = n < 0 ? errno : ENOSPC;
      return FALSE;
    }
    done += (gsize) n;
  }
  return TRUE;
}

static gboolean
flush_directory (const KlingStore * store, GError ** error)
{
  return fsync (store->fd) == 0
      || kling_store_set_errno (store, "", "flushed to disk", errno, error);
}

/* Replaces what @fd holds by @data, on disk. Closes it. */
static gboolean
fill_file (const KlingStore * store, gint fd, const gchar * name,
    const gchar * data, gsize size, GError ** error)
{
  gboolean good = write_all (fd, data, size)
      && ftruncate (fd, (off_t) size) == 0 && fsync (fd) == 0;
  gint code = errno;

  close (fd);
  return good || kling_store_set_errno (store, name, "written", code, error);
}

static gboolean
move_file (const KlingStore * store, const gchar * from, const gchar * to,
    GError ** error)
{
  if (renameat (store->fd, from, store->fd, to) != 0)
    return kling_store_set_errno (store, to, "replaced", errno, error);
  return flush_directory (store, error);
}

static gint
open_file (const KlingStore * store, const gchar * name, gint flags,
    GError ** error)
{
  gint fd = openat (store->fd, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);

  if (fd < 0)
    kling_store_set_errno (store, name, "opened", errno, error);
  return fd;
}

static gboolean
put_file (const KlingStore * store, const gchar * name, const gchar * data,
    gsize size, GError ** error)
{
  g_autofree gchar *temporary = g_strconcat (name, TEMPORARY, NULL);
  gint fd;

  /* left by a process that was killed here */
  unlinkat (store->fd, temporary, 0);
  fd = open_file (store, temporary, O_WRONLY | O_CREAT | O_EXCL, error);
  if (fd < 0)
    return FALSE;
  if (fill_file (store, fd, temporary, data, size, error)
      && move_file (store, temporary, name, error))
    return TRUE;
  unlinkat (store->fd, temporary, 0);
  return FALSE;
}

/* Returns: %FALSE when there is something that cannot be used; *@data is %NULL
 * when there is nothing */
static gboolean
load_file (const KlingStore * store, const gchar * name, gchar ** data,
    gsize * size, const gchar ** fault)
{
  gint fd = openat (store->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC
      | O_NONBLOCK);
  struct stat info;

  *data = NULL;
  *size = 0;
  *fault = NULL;
  if (fd < 0) {
    *fault = errno == ENOENT ? NULL : explain (errno);
    return *fault == NULL;
  }
  if (fstat (fd, &info) != 0)
    *fault = g_strerror (errno);
  else if (info.st_size > MAX_RECORD)
    *fault = "it is too large";
  else
    *fault = find_fault (&info);
  if (*fault == NULL) {
    gssize n;

    *data = g_malloc0 ((gsize) info.st_size + 1);
    n = pread (fd, *data, (gsize) info.st_size, 0);
    *size = n < 0 ? 0 : (gsize) n;
    if (n < 0)
      *fault = g_strerror (errno);
  }
  close (fd);
  if (*fault)
    g_clear_pointer (data, g_free);
  return *fault == NULL;
}

/* --- the directory --- */

static gboolean
flush_path (const gchar * path)
{
  gint fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean good = fd >= 0 && fsync (fd) == 0;
  gint code = errno;

  if (fd >= 0)
    close (fd);
  errno = code;
  return good;
}

/* A store that is gone after a power cut has forgotten what was paid: each
 * directory that is made is on the disk in the one above it. */
static gboolean
make_directory (const gchar * path)
{
  g_autofree gchar *parent = g_path_get_dirname (path);

  if (mkdir (path, 0700) == 0)
    return flush_path (parent);
  if (errno == EEXIST)
    return TRUE;
  if (errno != ENOENT || strcmp (parent, path) == 0 || !make_directory (parent))
    return FALSE;
  return mkdir (path, 0700) == 0 ? flush_path (parent) : errno == EEXIST;
}

static gboolean
check_directory (KlingStore * store, GError ** error)
{
  struct stat info;

  if (fstat (store->fd, &info) != 0)
    return kling_store_set_errno (store, "", "examined", errno, error);
  if (info.st_uid != geteuid ())
    return kling_store_set_error (store, "", "belongs to another user", error);
  if (info.st_mode & (S_IRWXG | S_IRWXO))
    return kling_store_set_error (store, "",
        "is open to other users (chmod 700)", error);
  return TRUE;
}

static gchar *
make_salt (void)
{
  guint8 bytes[SALT_BYTES];
  GString *salt;

  if (getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
    return NULL;
  salt = g_string_new (NULL);
  for (guint i = 0; i < sizeof bytes; i++)
    g_string_append_printf (salt, "%02x", bytes[i]);
  return g_string_free (salt, FALSE);
}

/* Of several processes that open a new store one makes the salt. */
static gboolean
create_salt (KlingStore * store, GError ** error)
{
  g_autofree gchar *salt = make_salt ();
  g_autofree gchar *temporary = g_strdup_printf (SALT ".%d-%p" TEMPORARY,
      getpid (), (gpointer) store);
  gboolean good;
  gint fd;

  if (salt == NULL)
    return kling_store_set_errno (store, SALT, "made", errno, error);
  fd = open_file (store, temporary, O_WRONLY | O_CREAT | O_EXCL, error);
  if (fd < 0)
    return FALSE;
  good = fill_file (store, fd, temporary, salt, strlen (salt), error);
  if (good && linkat (store->fd, temporary, store->fd, SALT, 0) != 0
      && errno != EEXIST)
    good = kling_store_set_errno (store, SALT, "made", errno, error);
  unlinkat (store->fd, temporary, 0);
  return good && flush_directory (store, error);
}

static gboolean
load_salt (KlingStore * store, GError ** error)
{
  const gchar *fault;
  gsize size;

  for (guint i = 0; i < 2; i++) {
    if (!load_file (store, SALT, &store->salt, &size, &fault)) {
      g_autofree gchar *what = g_strdup_printf ("cannot be read, because %s",
          fault);

      return kling_store_set_error (store, SALT, what, error);
    }
    if (store->salt && size == 2 * SALT_BYTES)
      return TRUE;
    if (store->salt)
      return kling_store_set_error (store, SALT, "is damaged", error);
    if (!create_salt (store, error))
      return FALSE;
  }
  return kling_store_set_error (store, SALT, "is not there", error);
}

/**
 * kling_store_open:
 * @path: a directory, which is made when it is missing
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * A store holds what decides about money, so it has to be ours alone.
 *
 * Returns: (transfer full) (nullable): the store
 */
KlingStore *
kling_store_open (const gchar * path, GError ** error)
{
  g_autoptr (KlingStore) store = g_new0 (KlingStore, 1);

  g_atomic_ref_count_init (&store->refs);
  store->path = g_canonicalize_filename (path, NULL);
  store->fd = -1;
  if (make_directory (store->path))
    store->fd = open (store->path,
        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (store->fd < 0) {
    kling_store_set_errno (store, "", errno == ELOOP || errno == ENOTDIR
        ? "used, because it or what is above it is a link or no directory"
        : "opened", errno, error);
    return NULL;
  }
  if (!check_directory (store, error) || !load_salt (store, error))
    return NULL;
  return g_steal_pointer (&store);
}

/**
 * kling_store_ref:
 * @store: a store
 *
 * Returns: (transfer full): @store
 */
KlingStore *
kling_store_ref (KlingStore * store)
{
  g_atomic_ref_count_inc (&store->refs);
  return store;
}

/**
 * kling_store_unref:
 * @store: (transfer full): a store
 */
void
kling_store_unref (KlingStore * store)
{
  if (!g_atomic_ref_count_dec (&store->refs))
    return;
  if (store->fd >= 0)
    close (store->fd);
  g_free (store->path);
  g_free (store->salt);
  g_free (store);
}

/**
 * kling_store_get_path:
 * @store: a store
 *
 * Returns: (transfer none): its directory, absolute
 */
const gchar *
kling_store_get_path (const KlingStore * store)
{
  return store->path;
}

/**
 * kling_store_dup_file:
 * @store: a store
 * @key: 64 hex digits
 * @extension: as %KLING_STORE_PART
 *
 * Returns: (transfer full): where that file of @key is
 */
gchar *
kling_store_dup_file (const KlingStore * store, const gchar * key,
    const gchar * extension)
{
  g_autofree gchar *name = g_strconcat (key, extension, NULL);

  return g_build_filename (store->path, name, NULL);
}

/**
 * kling_store_dup_account:
 * @store: (nullable): a store
 * @origin: scheme, host and port of a service
 * @key: the key of an account there, or the name of one
 *
 * Says whether two runs pay with the same account, and nothing else: it is of
 * no use without the salt, which never leaves the store.
 *
 * Returns: (transfer full): 64 hex digits
 */
gchar *
kling_store_dup_account (const KlingStore * store, const gchar * origin,
    const gchar * key)
{
  const gchar *salt = store ? store->salt : "";
  g_autofree gchar *text = g_strconcat (origin, "\n", key, NULL);
  gchar *account = g_compute_hmac_for_string (G_CHECKSUM_SHA256,
      (const guchar *) salt, strlen (salt), text, -1);

  explicit_bzero (text, strlen (text));
  return account;
}

/* --- records --- */

static gint
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar * const *) a, *(const gchar * const *) b);
}

static gboolean
is_record_name (const gchar * name)
{
  gsize n = strspn (name, "0123456789abcdef");

  return n == KEY_LENGTH && strcmp (name + n, RECORD) == 0;
}

/**
 * kling_store_list:
 * @store: a store
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * Returns: (transfer full) (nullable) (element-type utf8): the keys of all
 *   records, sorted
 */
GPtrArray *
kling_store_list (KlingStore * store, GError ** error)
{
  gint fd = open_file (store, ".", O_RDONLY | O_DIRECTORY, error);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  GPtrArray *keys;
  struct dirent *file;

  if (dir == NULL) {
    if (fd >= 0) {
      kling_store_set_errno (store, "", "read", errno, error);
      close (fd);
    }
    return NULL;
  }
  keys = g_ptr_array_new_with_free_func (g_free);
  while ((file = readdir (dir))) {
    if (is_record_name (file->d_name))
      g_ptr_array_add (keys, g_strndup (file->d_name, KEY_LENGTH));
  }
  closedir (dir);
  g_ptr_array_sort (keys, compare_keys);
  return keys;
}

/* The right to send a call, and to send it once more */
static gchar *
dup_right_name (const KlingRecord * record)
{
  return g_strdup_printf ("%s.a%u%s", record->key, record->attempt,
      record->resent ? "r" : "");
}

/* What cannot be seen may be there. */
static gboolean
has_right (const KlingStore * store, const KlingRecord * record)
{
  g_autofree gchar *name = dup_right_name (record);
  struct stat info;

  return fstatat (store->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0
      || errno != ENOENT;
}

/* Returns: %NULL when there is none that can be believed */
static KlingRecord *
load_record (const KlingStore * store, const gchar * name)
{
  g_autofree gchar *data = NULL;
  const gchar *fault;
  gsize size;

  if (!load_file (store, name, &data, &size, &fault) || data == NULL)
    return NULL;
  return kling_record_from_text (data, size, NULL);
}

/* The answer of the call that @record says is being sent, if it came */
static KlingRecord *
load_answer (const KlingStore * store, const KlingRecord * record)
{
  g_autofree gchar *name = g_strconcat (record->key, KLING_STORE_ANSWER, NULL);
  g_autoptr (KlingRecord) answer = load_record (store, name);

  if (answer == NULL || strcmp (answer->key, record->key) != 0
      || answer->kind != record->kind || answer->attempt != record->attempt
      || answer->resent != record->resent)
    return NULL;
  return g_steal_pointer (&answer);
}

/* "Sending" is written before the right is taken, and the answer may be there
 * already. What is left of it is a call that may have been sent. */
static void
settle_sending (const KlingStore * store, KlingRecord ** record)
{
  KlingRecord *answer = load_answer (store, *record);

  if (answer) {
    kling_record_free (*record);
    *record = answer;
    return;
  }
  if (has_right (store, *record))
    return;
  if ((*record)->resent) {
    (*record)->resent = FALSE;
  } else {
    (*record)->attempt--;
    (*record)->state = KLING_RECORD_READY;
  }
}

/**
 * kling_store_read:
 * @store: a store
 * @key: 64 hex digits
 * @record: (out) (transfer full) (nullable): the record, %NULL when there is none
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * A record that says %KLING_RECORD_SENDING is about a call that may have been
 * sent and whose answer is not here, whoever sends it now or has died.
 *
 * Returns: %FALSE when there is a record and it cannot be believed
 */
gboolean
kling_store_read (KlingStore * store, const gchar * key, KlingRecord ** record,
    GError ** error)
{
  g_autofree gchar *name = g_strconcat (key, RECORD, NULL);
  g_autofree gchar *data = NULL;
  g_autoptr (GError) wrong = NULL;
  const gchar *fault;
  gsize size;

  *record = NULL;
  if (!load_file (store, name, &data, &size, &fault))
    return set_bad_record (store, name, fault, error);
  if (data == NULL)
    return TRUE;
  *record = kling_record_from_text (data, size, &wrong);
  if (*record == NULL)
    return set_bad_record (store, name, wrong->message, error);
  if (strcmp ((*record)->key, key) != 0) {
    g_clear_pointer (record, kling_record_free);
    return set_bad_record (store, name, "it is about something else", error);
  }
  if ((*record)->state == KLING_RECORD_SENDING)
    settle_sending (store, record);
  return TRUE;
}

/**
 * kling_store_put:
 * @store: a store
 * @record: a record whose lock the caller holds
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * An answer that is there is of no more use then.
 *
 * Returns: whether @record is on the disk
 */
gboolean
kling_store_put (KlingStore * store, KlingRecord * record, GError ** error)
{
  g_autofree gchar *name = g_strconcat (record->key, RECORD, NULL);
  g_autofree gchar *room = g_strconcat (record->key, KLING_STORE_ANSWER, NULL);
  g_autofree gchar *text = NULL;
  gsize size;

  record->changed_at = g_get_real_time ();
  text = kling_record_to_text (record, &size);
  if (!put_file (store, name, text, size, error))
    return FALSE;
  if (record->state != KLING_RECORD_SENDING)
    unlinkat (store->fd, room, 0);
  return TRUE;
}

/**
 * kling_store_settle:
 * @store: a store
 * @key: of a record whose lock the caller holds
 *
 * Ends a kling_store_put_answer() in whose middle a process has died. When that
 * fails, kling_store_read() still finds the answer where it is.
 */
void
kling_store_settle (KlingStore * store, const gchar * key)
{
  g_autofree gchar *name = g_strconcat (key, RECORD, NULL);
  g_autofree gchar *from = g_strconcat (key, KLING_STORE_ANSWER, NULL);
  g_autoptr (KlingRecord) record = load_record (store, name);
  g_autoptr (KlingRecord) answer = NULL;
  gint fd;

  if (record == NULL || record->state != KLING_RECORD_SENDING
      || strcmp (record->key, key) != 0)
    return;
  answer = load_answer (store, record);
  fd = answer ? open_file (store, from, O_WRONLY, NULL) : -1;
  if (fd < 0)
    return;
  if (fsync (fd) == 0)
    move_file (store, from, name, NULL);
  close (fd);
}

/**
 * kling_store_make_room:
 * @store: a store
 * @key: of a record whose lock the caller holds
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * Before a call that costs: whatever it answers can be written down.
 *
 * Returns: whether there is room, on the disk
 */
gboolean
kling_store_make_room (KlingStore * store, const gchar * key, GError ** error)
{
  g_autofree gchar *name = g_strconcat (key, KLING_STORE_ANSWER, NULL);
  gboolean good = FALSE;
  gint fd, code;

  /* what is there may be the answer of an earlier call */
  if (unlinkat (store->fd, name, 0) != 0 && errno != ENOENT)
    return kling_store_set_errno (store, name, "removed", errno, error);
  fd = open_file (store, name, O_WRONLY | O_CREAT | O_EXCL, error);
  if (fd < 0)
    return FALSE;
  do {
    code = posix_fallocate (fd, 0, ROOM);
  } while (code == EINTR);
  if (code == 0) {
    good = fsync (fd) == 0;
    code = errno;
  }
  close (fd);
  if (!good) {
    unlinkat (store->fd, name, 0);
    return kling_store_set_errno (store, name, "given room", code, error);
  }
  kling_test_point ("room-made");
  return flush_directory (store, error);
}

/**
 * kling_store_put_answer:
 * @store: a store
 * @record: a record whose lock the caller holds, as it is after the answer
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * As kling_store_put(), but in the room that was made for it.
 *
 * Returns: whether @record is on the disk
 */
gboolean
kling_store_put_answer (KlingStore * store, KlingRecord * record,
    GError ** error)
{
  g_autofree gchar *name = g_strconcat (record->key, KLING_STORE_ANSWER, NULL);
  g_autofree gchar *to = g_strconcat (record->key, RECORD, NULL);
  g_autofree gchar *text = NULL;
  gsize size;
  gint fd;

  record->changed_at = g_get_real_time ();
  text = kling_record_to_text (record, &size);
  fd = open_file (store, name, O_WRONLY, error);
  if (fd < 0 || !fill_file (store, fd, name, text, size, error))
    return FALSE;
  kling_test_point ("answer-written");
  return move_file (store, name, to, error);
}

/**
 * kling_store_check_right:
 * @store: a store
 * @record: a record whose lock the caller holds
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * Before anything is changed for a call. When somebody has taken its right,
 * what is on the disk is theirs, and newer than what @record was made of.
 *
 * Returns: whether the right is there to be taken
 */
gboolean
kling_store_check_right (KlingStore * store, const KlingRecord * record,
    GError ** error)
{
  g_autofree gchar *name = dup_right_name (record);
  g_autofree gchar *file = g_build_filename (store->path, name, NULL);

  if (!has_right (store, record))
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
      "The right to send this call was taken before (\"%s\"), so it was not sent"
      " now. Start again to see what came of it.", file);
  return FALSE;
}

/**
 * kling_store_take_right:
 * @store: a store
 * @record: a record whose lock the caller holds, on disk as
 *   %KLING_RECORD_SENDING
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * There is one right for each call that costs. Where locks do not work, as on
 * some network file systems, it is what keeps a second process from sending.
 *
 * Returns: whether the call may be sent
 */
gboolean
kling_store_take_right (KlingStore * store, const KlingRecord * record,
    GError ** error)
{
  g_autofree gchar *name = dup_right_name (record);
  gint fd = open_file (store, name, O_WRONLY | O_CREAT | O_EXCL, error);
  gboolean good;
  gint code;

  if (fd < 0)
    return FALSE;
  good = fsync (fd) == 0;
  code = errno;
  close (fd);
  if (!good)
    kling_store_set_errno (store, name, "flushed to disk", code, error);
  if (good && flush_directory (store, error))
    return TRUE;
  /* nothing was sent */
  unlinkat (store->fd, name, 0);
  return FALSE;
}

/**
 * kling_store_drop_right:
 * @store: a store
 * @record: a record whose lock the caller holds and whose call came to nothing
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * It was not sent, or the service said that it did nothing.
 *
 * Returns: whether that is on the disk
 */
gboolean
kling_store_drop_right (KlingStore * store, const KlingRecord * record,
    GError ** error)
{
  g_autofree gchar *name = dup_right_name (record);

  if (unlinkat (store->fd, name, 0) != 0 && errno != ENOENT)
    return kling_store_set_errno (store, name, "removed", errno, error);
  return flush_directory (store, error);
}

static gboolean
unlink_file (const KlingStore * store, const gchar * key,
    const gchar * extension, GError ** error)
{
  g_autofree gchar *name = g_strconcat (key, extension, NULL);

  return unlinkat (store->fd, name, 0) == 0 || errno == ENOENT
      || kling_store_set_errno (store, name, "removed", errno, error);
}

static gboolean
unlink_rights (const KlingStore * store, const KlingRecord * record,
    GError ** error)
{
  g_autoptr (KlingRecord) call = kling_record_new (record->kind, record->key);
  guint last = MIN (record->attempt, MAX_ATTEMPTS);

  for (guint i = 0; i < 2 * last; i++) {
    g_autofree gchar *name = NULL;

    call->attempt = 1 + i / 2;
    call->resent = i % 2;
    name = dup_right_name (call);
    if (unlinkat (store->fd, name, 0) != 0 && errno != ENOENT)
      return kling_store_set_errno (store, name, "removed", errno, error);
  }
  return TRUE;
}

/**
 * kling_store_unlink:
 * @store: a store
 * @record: a record whose lock the caller holds, and which does not say
 *   %KLING_RECORD_SENDING on the disk
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * Removes all its files but that of the lock. The record is the last, because a
 * right to send without a record looks like one that was used.
 *
 * Returns: whether they are gone, on the disk
 */
gboolean
kling_store_unlink (KlingStore * store, const KlingRecord * record,
    GError ** error)
{
  if (!unlink_file (store, record->key, KLING_STORE_ANSWER, error)
      || !unlink_file (store, record->key, KLING_STORE_PART, error)
      || !unlink_file (store, record->key, RECORD TEMPORARY, error)
      || !unlink_rights (store, record, error)
      || !flush_directory (store, error))
    return FALSE;
  kling_test_point ("removed-but-record");
  return unlink_file (store, record->key, RECORD, error)
      && flush_directory (store, error);
}
