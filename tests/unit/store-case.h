/* klinglipsync tests: a store in a directory of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/check/gstcheck.h>

#include "kling-store.h"

#define CASE_KEY \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CASE_SUM \
    "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"

typedef struct
{
  gchar *base;                  /* what is removed at the end */
  gchar *path;                  /* of the store, in it */
  KlingStore *store;
} Case;

/* with an open store; case_new_closed() without */
Case *case_new (void);
Case *case_new_closed (void);
void case_free (Case * c);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Case, case_free)

/* @name is that of a file of CASE_KEY when it begins with a dot */
gchar *case_dup_path (const Case * c, const gchar * name);
gboolean case_has (const Case * c, const gchar * name);
gint64 case_get_size (const Case * c, const gchar * name);
void case_write (const Case * c, const gchar * name, const gchar * text,
    gssize size);
void case_remove (const Case * c, const gchar * name);
void case_make_directory (const Case * c, const gchar * name);

/* what the disk says of CASE_KEY; fails when it cannot be believed */
KlingRecord *case_read (const Case * c);
KlingRecord *case_make_record (KlingRecordState state, guint attempt);
void case_put (const Case * c, KlingRecordState state, guint attempt);

/* that @error is about this machine and has @words, and leads somewhere */
void case_check_error (const GError * error, const gchar * words);

/* runs @act in a process of its own, which shall exit with 0, or be killed */
gboolean case_run (void (*act) (Case * c), Case * c);
