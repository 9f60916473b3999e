/* klinglipsync tests: a run with files to send, and a sandbox to send them to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "element-helper.h"

#include "kling-testsandbox.h"

G_BEGIN_DECLS

/* What the sandbox wants as Authorization where files are put. nginx of
 * kling-testplaces wants the same. */
#define SENDER_PLACE_AUTHORIZATION "Basic a2xpbmc6dXBsb2Fk"

/* How fast the clock of the element runs */
#define SENDER_SPEED 20

/* 2.5 s in 16-bit mono, which become a WAV of so many bytes */
#define SENDER_SPEECH "audiotestsrc num-buffers=25 samplesperbuffer=1600 !" \
  " audio/x-raw,format=S16LE,rate=16000,channels=1 ! identity"
#define SENDER_SPEECH_SIZE (44 + 25 * 1600 * 2)

/* Below the sandbox's URL */
#define SENDER_PUT "/sandbox/uploads/{name}"
#define SENDER_POST "/sandbox/upload"

/**
 * KlingTestSender:
 * @sandbox: the service, and a place to upload to
 * @run: the run
 *
 * A run whose sink pads get raw audio and a video file, again each time it
 * starts.
 */
typedef struct
{
  KlingTestSandbox *sandbox;
  KlingTestRun *run;

  /*< private > */
  GByteArray *samples;
} KlingTestSender;

KlingTestSender *kling_test_sender_new (const gchar * latency);
void kling_test_sender_free (KlingTestSender * sender);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingTestSender, kling_test_sender_free)

void kling_test_send (KlingTestRun * run, const gchar * pad,
    const gchar * description);
void kling_test_sender_set_place (KlingTestSender * sender,
    const gchar * format, ...) G_GNUC_PRINTF (2, 3);
void kling_test_sender_use_sandbox (KlingTestSender * sender);
void kling_test_set_upload_header (KlingTestRun * run, const gchar * name,
    const gchar * value);

void kling_test_sender_play (KlingTestSender * sender);
void kling_test_sender_play_to_end (KlingTestSender * sender);
void kling_test_sender_check_received (KlingTestSender * sender);
void kling_test_sender_check_paid (KlingTestSender * sender, guint identified,
    guint paid);
void kling_test_sender_check_credentials (KlingTestSender * sender);
void kling_test_sender_check_made (KlingTestSender * sender);

JsonArray *kling_test_sender_get_calls (KlingTestSender * sender);
guint kling_test_sender_count (KlingTestSender * sender, const gchar * method,
    const gchar * path);
gboolean kling_test_sender_wait (KlingTestSender * sender,
    const gchar * method, const gchar * path, guint n);
guint kling_test_sender_count_files (KlingTestSender * sender);

const gchar *kling_test_get_warnings (KlingTestRun * run);

G_END_DECLS
