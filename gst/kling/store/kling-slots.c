/* klinglipsync: how many tasks of an account are open at once
 *
 * The files in slots/ of a store. There ACCOUNT stands for the first 16 digits
 * of an account:
 *
 *   ACCOUNT-I         a line "KEY ATTEMPT": the record of a video that was asked
 *                     for, and the number of the call that asked; empty when no
 *                     task of slot I is open
 *   ACCOUNT-I.lock    who holds slot I; never renamed or removed
 *   ACCOUNT.wait      before when no call that costs should be sent, in
 *                     microseconds since 1970
 *
 * A slot is written before the call that costs and cleared when its task has
 * ended, under its lock. Who dies in between leaves an orphan: free to be
 * locked, but its task may be open. The record it names says whether it is. So
 * a crash can make a slot count for too long, and these are the limits of that,
 * but never for too short.
 *
 * The files are written in place: a line that was cut off is not believed, and
 * then counts as a doubt. Any thread; a slot belongs to one at a time.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-slots.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kling-clock.h"
#include "kling-log.h"
#include "kling-store-private.h"

#define ACCOUNT_DIGITS 16
#define KEY_LENGTH 64
/* A key, a number, and more than either file may hold */
#define MAX_LINE 128

/* No task is open for longer, whatever its record says: nobody may ever come
 * back to look. */
#define LIFE (24 * 3600 * KLING_SECOND)
/* What is farther ahead was not written by us, or by another clock. */
#define MAX_WAIT (10 * 60 * KLING_SECOND)

struct _KlingSlot
{
  KlingStore *store;
  gchar *name;                  /* of its file in the store */
  gint lock;
};

/* --- files --- */

/* Returns: the directory of slots, ours alone like the store; -1 on error */
static gint
open_directory (KlingStore * store, GError ** error)
{
  struct stat info;
  gint fd;

  if (mkdirat (store->fd, KLING_STORE_SLOTS, 0700) != 0 && errno != EEXIST) {
    kling_store_set_errno (store, KLING_STORE_SLOTS, "made", errno, error);
    return -1;
  }
  fd = openat (store->fd, KLING_STORE_SLOTS,
      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    kling_store_set_errno (store, KLING_STORE_SLOTS, "opened", errno, error);
    return -1;
  }
  if (fstat (fd, &info) == 0 && info.st_uid == geteuid ()
      && (info.st_mode & (S_IRWXG | S_IRWXO)) == 0)
    return fd;
  close (fd);
  kling_store_set_error (store, KLING_STORE_SLOTS,
      "is not yours alone (chmod 700)", error);
  return -1;
}

static gint
open_file (KlingStore * store, const gchar * name, gint flags, GError ** error)
{
  gint fd = openat (store->fd, name,
      flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

  if (fd < 0) {
    kling_store_set_errno (store, name, "opened", errno, error);
    return -1;
  }
  if (kling_store_check_file (store, fd, name, error))
    return fd;
  close (fd);
  return -1;
}

/* Returns: (nullable): what the file says, %NULL when that is no short text */
static gchar *
read_line (gint fd)
{
  gchar text[MAX_LINE + 1] = "";
  gssize n = pread (fd, text, MAX_LINE, 0);

  return n < 0 || n == MAX_LINE || strlen (text) != (gsize) n ? NULL
      : g_strdup (text);
}

static gboolean
write_line (gint fd, const gchar * text)
{
  gsize size = strlen (text);

  return pwrite (fd, text, size, 0) == (gssize) size
      && ftruncate (fd, (off_t) size) == 0;
}

static gchar *
dup_slot_name (const gchar * account, guint number)
{
  return g_strdup_printf (KLING_STORE_SLOTS "/%.*s-%u", ACCOUNT_DIGITS, account,
      number);
}

static gchar *
dup_wait_name (const gchar * account)
{
  return g_strdup_printf (KLING_STORE_SLOTS "/%.*s.wait", ACCOUNT_DIGITS,
      account);
}

/* Takes a line "KEY ATTEMPT\n" apart, which becomes its key.
 * Returns: whether it is one */
static gboolean
parse_line (gchar * line, guint * attempt)
{
  gchar *end = NULL;
  guint64 number;

  if (strspn (line, "0123456789abcdef") != KEY_LENGTH
      || line[KEY_LENGTH] != ' ' || !g_ascii_isdigit (line[KEY_LENGTH + 1]))
    return FALSE;
  number = g_ascii_strtoull (line + KEY_LENGTH, &end, 10);
  if (number == 0 || number > G_MAXUINT || strcmp (end, "\n") != 0)
    return FALSE;
  *attempt = (guint) number;
  line[KEY_LENGTH] = '\0';
  return TRUE;
}

/* --- holding --- */

/**
 * kling_slot_try_hold:
 * @store: a store
 * @account: who pays, as kling_store_dup_account() tells
 * @number: which slot of the account, from 0
 * @holder: (out) (transfer full) (nullable): who has it, in words, when it is
 *   in other hands
 * @error: set to a %KLING_ERROR_LOCAL, not when it is in other hands
 *
 * Does not wait. What the slot is good for is to be asked of
 * kling_slot_judge().
 *
 * Returns: (transfer full) (nullable): the caller's alone until
 *   kling_slot_release()
 */
KlingSlot *
kling_slot_try_hold (KlingStore * store, const gchar * account, guint number,
    gchar ** holder, GError ** error)
{
  g_autofree gchar *name = dup_slot_name (account, number);
  g_autofree gchar *lock_name = g_strconcat (name, KLING_STORE_LOCK, NULL);
  gint directory = open_directory (store, error);
  KlingSlot *slot;
  gint lock;

  *holder = NULL;
  if (directory < 0)
    return NULL;
  lock = kling_store_try_lock (store, lock_name, holder, error);
  close (directory);
  if (lock < 0)
    return NULL;
  slot = g_new0 (KlingSlot, 1);
  slot->store = kling_store_ref (store);
  slot->name = g_steal_pointer (&name);
  slot->lock = lock;
  return slot;
}

/**
 * kling_slot_release:
 * @slot: (transfer full): a slot
 *
 * Lets go of it. If it still names a task, that one counts on.
 */
void
kling_slot_release (KlingSlot * slot)
{
  kling_store_unlock (slot->lock);
  kling_store_unref (slot->store);
  g_free (slot->name);
  g_free (slot);
}

/* How long ago the file was written. A time to come is that of a clock that
 * was set since: then it counts from now. */
static gint64
get_age (gint fd)
{
  struct stat info;

  if (fstat (fd, &info) != 0)
    return 0;
  if (info.st_mtim.tv_sec <= g_get_real_time () / G_USEC_PER_SEC)
    return kling_clock_since (info.st_mtim.tv_sec * G_USEC_PER_SEC
        + info.st_mtim.tv_nsec / 1000);
  futimens (fd, NULL);
  return 0;
}

/* Whether what cannot be known about a task that was asked for @age ago still
 * matters */
static KlingSlotState
judge_doubt (gint64 age)
{
  return age < KLING_SLOT_DOUBT_TIME ? KLING_SLOT_DOUBT : KLING_SLOT_FREE;
}

static KlingSlotState
judge_record (const KlingRecord * record, guint attempt)
{
  gint64 age = kling_clock_since (record->sent_at);

  /* what it names now is another call, and then this one has ended */
  if (record->attempt != attempt)
    return KLING_SLOT_FREE;
  switch (record->state) {
    case KLING_RECORD_SENDING:
    case KLING_RECORD_UNKNOWN:
      return judge_doubt (age);
    case KLING_RECORD_RUNNING:
      return age < LIFE ? KLING_SLOT_RUNNING : KLING_SLOT_FREE;
    default:
      return KLING_SLOT_FREE;
  }
}

static KlingSlotState
judge_file (KlingSlot * slot, gint fd, KlingRecord ** record)
{
  g_autofree gchar *line = read_line (fd);
  guint attempt;

  if (line && *line == '\0')
    return KLING_SLOT_FREE;
  if (line == NULL || !parse_line (line, &attempt)
      || !kling_store_read (slot->store, line, record, NULL))
    return judge_doubt (get_age (fd));
  /* the record is on disk before anything is sent */
  return *record ? judge_record (*record, attempt) : KLING_SLOT_FREE;
}

/**
 * kling_slot_judge:
 * @slot: a slot
 * @record: (out) (transfer full) (nullable): of the video that it was last used
 *   for, when that is known
 *
 * Whoever held it before may have died while its task was open.
 *
 * Returns: what it is good for
 */
KlingSlotState
kling_slot_judge (KlingSlot * slot, KlingRecord ** record)
{
  gint fd = open_file (slot->store, slot->name, O_RDWR | O_CREAT, NULL);
  KlingSlotState state;

  *record = NULL;
  /* who cannot read it cannot fill it either, and that will say why */
  if (fd < 0)
    return KLING_SLOT_FREE;
  state = judge_file (slot, fd, record);
  close (fd);
  return state;
}

/**
 * kling_slot_take_turn:
 * @slot: a slot whose task runs
 * @interval: microseconds
 *
 * However many wait for a slot, its task is asked about by one of them at a
 * time, and not more often than one job would.
 *
 * Returns: whether the caller is to ask the service about the task now
 */
gboolean
kling_slot_take_turn (KlingSlot * slot, gint64 interval)
{
  gint fd = open_file (slot->store, slot->name, O_RDWR, NULL);
  gboolean due;

  if (fd < 0)
    return FALSE;
  due = get_age (fd) >= interval && futimens (fd, NULL) == 0;
  close (fd);
  return due;
}

/* On disk, with the name of the file */
static gboolean
slot_write (KlingSlot * slot, const gchar * text, GError ** error)
{
  gint directory = open_directory (slot->store, error);
  gint fd = directory < 0 ? -1
      : open_file (slot->store, slot->name, O_RDWR | O_CREAT, error);
  gboolean good = fd >= 0;

  if (good && !(write_line (fd, text) && fsync (fd) == 0
          && fsync (directory) == 0))
    good = kling_store_set_errno (slot->store, slot->name, "written", errno,
        error);
  if (fd >= 0)
    close (fd);
  if (directory >= 0)
    close (directory);
  return good;
}

/**
 * kling_slot_fill:
 * @slot: a slot
 * @record: of the video that will be asked for
 * @attempt: the number of the call that will ask
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * Before the call: should we die, others know what to look at.
 *
 * Returns: whether that is on the disk
 */
gboolean
kling_slot_fill (KlingSlot * slot, const KlingRecord * record, guint attempt,
    GError ** error)
{
  g_autofree gchar *line = g_strdup_printf ("%s %u\n", record->key, attempt);

  return slot_write (slot, line, error);
}

/**
 * kling_slot_clear:
 * @slot: a slot whose task has ended
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * Returns: whether that is on the disk. If not, its record tells the same.
 */
gboolean
kling_slot_clear (KlingSlot * slot, GError ** error)
{
  return slot_write (slot, "", error);
}

/**
 * kling_slots_dup_key:
 * @store: a store
 * @account: who pays
 * @number: which slot of the account, from 0
 *
 * A look at a slot that may be in other hands.
 *
 * Returns: (transfer full) (nullable): the key of the record it names
 */
gchar *
kling_slots_dup_key (KlingStore * store, const gchar * account, guint number)
{
  g_autofree gchar *name = dup_slot_name (account, number);
  gint fd = open_file (store, name, O_RDONLY, NULL);
  g_autofree gchar *line = fd < 0 ? NULL : read_line (fd);
  guint attempt;

  if (fd >= 0)
    close (fd);
  return line && parse_line (line, &attempt) ? g_steal_pointer (&line) : NULL;
}

/* --- when the service has asked to wait --- */

static gint64
read_wait (gint fd)
{
  g_autofree gchar *text = read_line (fd);
  gchar *end = NULL;
  gint64 time = text ? g_ascii_strtoll (text, &end, 10) : 0;
  gint64 wait = text && strcmp (end, "\n") == 0 ? kling_clock_until (time) : 0;

  return wait <= MAX_WAIT ? wait : 0;
}

/**
 * kling_slots_get_wait:
 * @store: a store
 * @account: who pays
 *
 * Returns: microseconds that no call that costs should be sent for, because
 *   the service has told somebody with this account to wait; 0 when there is no
 *   such time
 */
gint64
kling_slots_get_wait (KlingStore * store, const gchar * account)
{
  g_autofree gchar *name = dup_wait_name (account);
  gint fd = open_file (store, name, O_RDONLY, NULL);
  gint64 wait;

  if (fd < 0)
    return 0;
  wait = read_wait (fd);
  close (fd);
  return wait;
}

/**
 * kling_slots_put_wait:
 * @store: a store
 * @account: who pays
 * @span: microseconds for which nobody should send a call that costs
 *
 * Best effort: who does not see it is told by the service. A time that is
 * later already stays.
 */
void
kling_slots_put_wait (KlingStore * store, const gchar * account, gint64 span)
{
  g_autofree gchar *name = dup_wait_name (account);
  g_autofree gchar *text = g_strdup_printf ("%" G_GINT64_FORMAT "\n",
      kling_clock_real_after (MIN (span, MAX_WAIT)));
  g_autoptr (GError) error = NULL;
  gint directory = open_directory (store, &error);
  gint fd = directory < 0 ? -1
      : open_file (store, name, O_RDWR | O_CREAT, &error);

  if (fd >= 0 && read_wait (fd) < span && !write_line (fd, text))
    kling_store_set_errno (store, name, "written", errno, &error);
  if (error)
    KLING_INFO ("%s", error->message);
  if (fd >= 0)
    close (fd);
  if (directory >= 0)
    close (directory);
}
