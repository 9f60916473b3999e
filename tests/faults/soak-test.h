/* klinglipsync tests: for hours, and nothing is lost, paid twice, or grows
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "faults-helper.h"

G_BEGIN_DECLS

/* What is said. The number stands among the letters of it that a record has, and
 * tells the dialect: that of odd ones is official. */
#define SOAK_TEXT "Soak %u is going to be asked for more than once, and paid" \
    " for once."
#define soak_is_official(video) ((video) % 2 == 1)

/* Who pays for these */
#define SOAK_ACCESS_KEY "sandbox-access"

/* How many videos the store has room for */
#define SOAK_KEPT 10

typedef enum
{
  SOAK_PLAYED,
  SOAK_FAILED,
  SOAK_STOPPED,
  SOAK_N_ENDS,
} SoakEnd;

typedef struct
{
  guint fds;
  guint threads;
  guint kib;
} SoakSize;

/**
 * Soak:
 * @sandbox: the service
 * @directory: what is removed at the end
 * @store: path of the store, in it
 * @store_limit: of the store, in bytes
 * @clip_size: that of a video, nearly
 * @begun: on the monotonic clock
 * @videos: how many were asked for; their numbers are those below
 * @ends: how many runs ended how
 * @faults: how many calls went wrong
 */
typedef struct
{
  KlingTestSandbox *sandbox;
  gchar *directory;
  gchar *store;
  guint64 store_limit;
  gsize clip_size;
  gint64 begun;

  /*< private > */
  GMutex lock;                  /* for the next two */
  guint videos;
  guint ends[SOAK_N_ENDS];
  GRand *random;                /* of who orders the faults, as is the next */
  guint faults;
  gint calm;                    /* atomic: no faults any more */
} Soak;

SoakEnd soak_play (Soak * soak, guint video, gchar ** sentence);

/* soak-audit.c, when nothing runs */
void soak_check_calls (Soak * soak);
void soak_settle (Soak * soak);
void soak_audit (Soak * soak);

G_END_DECLS
