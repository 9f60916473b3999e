/* What the tests of kling-sandbox share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-harness.h"

G_BEGIN_DECLS

#define IDENTIFY "/kling/v1/videos/identify-face"
#define CREATE "/kling/v1/videos/advanced-lip-sync"

extern char *media;             /* a folder with files to fetch */
extern char *media_base;        /* where it is served */

/* A result for every task at once, without rendering. */
Box *start_with_clip (void);

/* The body of a create. */
char *hello_body (const char *session);

Answer *get_range (Box *box, const char *url, const char *range,
    const char *condition);

char *media_path (const char *name);
void remove_folder (char *path);

void assert_refused (Answer *answer, gint64 code, const char *words);
void set_shape (Box *box, const char *shape);

void add_connection_tests (void);
void add_dialect_tests (void);
void add_fault_tests (void);
void add_token_tests (void);
void add_upload_tests (void);

G_END_DECLS
