/* klinglipsync tests: shows GLib's locks to ThreadSanitizer
 *
 * GLib's mutexes and conditions are made of futexes in a library that is not
 * instrumented, so ThreadSanitizer does not see that they order anything and
 * reports every access that they guard. Preloaded into test programs built with
 * -Db_sanitize=thread, these functions stand in front of GLib's and say it:
 * tests/run.sh --tsan does that.
 *
 * They annotate what is acquired and released and change nothing else. Locks
 * that libraries take inside themselves, without a call from outside, stay
 * unseen.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <glib.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

static gpointer
next_function (const gchar * name)
{
  return dlsym (RTLD_NEXT, name);
}

typedef void (*LockFunc) (gpointer lock);
typedef gboolean (*TryFunc) (gpointer lock);

static void
acquire (const gchar * name, gpointer lock)
{
  ((LockFunc) next_function (name)) (lock);
  __tsan_acquire (lock);
}

static void
release (const gchar * name, gpointer lock)
{
  __tsan_release (lock);
  ((LockFunc) next_function (name)) (lock);
}

static gboolean
try_acquire (const gchar * name, gpointer lock)
{
  if (!((TryFunc) next_function (name)) (lock))
    return FALSE;
  __tsan_acquire (lock);
  return TRUE;
}

void
g_mutex_lock (GMutex * mutex)
{
  acquire ("g_mutex_lock", mutex);
}

void
g_mutex_unlock (GMutex * mutex)
{
  release ("g_mutex_unlock", mutex);
}

gboolean
g_mutex_trylock (GMutex * mutex)
{
  return try_acquire ("g_mutex_trylock", mutex);
}

void
g_rec_mutex_lock (GRecMutex * mutex)
{
  acquire ("g_rec_mutex_lock", mutex);
}

void
g_rec_mutex_unlock (GRecMutex * mutex)
{
  release ("g_rec_mutex_unlock", mutex);
}

gboolean
g_rec_mutex_trylock (GRecMutex * mutex)
{
  return try_acquire ("g_rec_mutex_trylock", mutex);
}

void
g_rw_lock_writer_lock (GRWLock * lock)
{
  acquire ("g_rw_lock_writer_lock", lock);
}

void
g_rw_lock_writer_unlock (GRWLock * lock)
{
  release ("g_rw_lock_writer_unlock", lock);
}

void
g_rw_lock_reader_lock (GRWLock * lock)
{
  acquire ("g_rw_lock_reader_lock", lock);
}

void
g_rw_lock_reader_unlock (GRWLock * lock)
{
  release ("g_rw_lock_reader_unlock", lock);
}

void
g_cond_wait (GCond * cond, GMutex * mutex)
{
  void (*wait) (GCond *, GMutex *) = next_function ("g_cond_wait");

  __tsan_release (mutex);
  wait (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond * cond, GMutex * mutex, gint64 end_time)
{
  gboolean (*wait) (GCond *, GMutex *, gint64) =
      next_function ("g_cond_wait_until");
  gboolean woken;

  __tsan_release (mutex);
  woken = wait (cond, mutex, end_time);
  __tsan_acquire (mutex);
  return woken;
}

/* Whoever drops the last reference sees what the others did before. */
void (g_object_unref) (gpointer object)
{
  __tsan_acquire (object);
  __tsan_release (object);
  ((LockFunc) next_function ("g_object_unref")) (object);
}

void
g_bytes_unref (GBytes * bytes)
{
  if (bytes) {
    __tsan_acquire (bytes);
    __tsan_release (bytes);
  }
  ((LockFunc) next_function ("g_bytes_unref")) (bytes);
}

gboolean (g_atomic_ref_count_dec) (gatomicrefcount * count) {
  gboolean (*drop) (gatomicrefcount *) =
      next_function ("g_atomic_ref_count_dec");

  __tsan_release (count);
  if (!drop (count))
    return FALSE;
  __tsan_acquire (count);
  return TRUE;
}
