/* klinglipsync: inside of a store
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-store.h"

G_BEGIN_DECLS

struct _KlingStore
{
  gatomicrefcount refs;

  /* constant */
  gchar *path;
  gint fd;                      /* of the directory */
  gchar *salt;
};

gboolean kling_store_set_error (const KlingStore * store, const gchar * name,
    const gchar * what, GError ** error);
gboolean kling_store_set_errno (const KlingStore * store, const gchar * name,
    const gchar * verb, gint code, GError ** error);
gboolean kling_store_unlink (KlingStore * store, const KlingRecord * record,
    GError ** error);
gboolean kling_store_check_file (const KlingStore * store, gint fd,
    const gchar * name, GError ** error);

G_END_DECLS
