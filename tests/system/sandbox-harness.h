/* Starts kling-sandbox, talks to it, and looks at what comes back.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

/* A running kling-sandbox. */
typedef struct {
  GSubprocess *process;
  char *folder;                 /* of this start: the port file is in it */
  guint port;
  char *base;                   /* http://127.0.0.1:PORT */
} Box;

/* One answer, or why there was none. */
typedef struct {
  guint status;
  SoupMessageHeaders *headers;
  GBytes *body;                 /* what arrived, also when it was cut */
  GError *error;                /* (nullable): it broke off */
  double seconds;
} Answer;

/* What is in a video. */
typedef struct {
  guint frames;
  guint samples;                /* of sound, at 48 kHz */
  double *dark;                 /* per frame: dark pixels in the area */
  double *rms;                  /* per frame: of the sound */
} Clip;

/* A part of a picture, in pixels. */
typedef struct {
  int x, y, width, height;
} Area;

Box *box_start (const char *option, ...) G_GNUC_NULL_TERMINATED;
gboolean box_refuses (const char *first, const char *second,
    const char *third);
int box_stop (Box *box, int signal);
void box_free (Box *box);

Answer *box_call (Box *box, const char *method, const char *path,
    const char *body);
Answer *box_call_with (Box *box, const char *method, const char *path,
    const char *body, const char *header, ...) G_GNUC_NULL_TERMINATED;
Answer *box_service (Box *box, const char *method, const char *path,
    const char *body);
Answer *box_upload (Box *box, const char *method, const char *path,
    const char *type, GBytes *body, const char *authorization);
/* Seconds without a byte after which a call gives up. */
extern guint answer_timeout;

void box_fault (Box *box, const char *order);
gint64 box_ledger (Box *box, const char *member);
void answer_free (Answer *answer);
JsonObject *answer_json (Answer *answer);
char *answer_text (Answer *answer);
const char *find_string (JsonObject *object, const char *path);
JsonArray *find_array (JsonObject *object, const char *path);
gint64 find_integer (JsonObject *object, const char *path);

char *box_session (Box *box, const char *url);
char *box_create_text (Box *box, const char *session, const char *text,
    const char *voice, const char *language);
char *box_wait (Box *box, const char *task, char **result);

char *media_serve (const char *folder);
void media_make (const char *folder, const char *name,
    const char *description);
gboolean clip_read (const char *path, int width, int height, Clip *clip);
gboolean clip_read_area (const char *path, int width, int height,
    const Area *area, Clip *clip);
void clip_clear (Clip *clip);
double correlation (const double *a, const double *b, guint n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Box, box_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Answer, answer_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Clip, clip_clear)

G_END_DECLS
