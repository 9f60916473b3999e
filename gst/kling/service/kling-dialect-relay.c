/* klinglipsync: the dialect of gateways that pass Kling's own bodies through
 *
 * Pure functions, for any thread. Bodies and figures are those of Kling itself,
 * the paths stand below /kling:
 * https://apidoc.cometapi.com/api/video/kling/counterpart-creating-tasks
 * https://doc.ezmodel.cloud/en/kling/lip-sync.html
 *
 * They take an API key only. That they find a task by its external id is not
 * documented, so none is made up; one that the user has set is passed on. That
 * speech is made at Kling's path below /kling is inferred: one of them documents
 * a path and a body of its own (https://doc.ezmodel.cloud/en/kling/tts.html).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-dialect-body.h"

const KlingDialect kling_dialect_relay = {
  .nick = "relay",
  .label = "Gateways that pass Kling's own bodies through",
  .fields = KLING_FIELDS_FACE_CHOOSE,
  .identify_path = "/kling/v1/videos/identify-face",
  .speech_path = "/kling/v1/audio/tts",
  .speech_query_path = "/kling/v1/audio/tts/%s",
  .create_path = "/kling/v1/videos/advanced-lip-sync",
  .query_paths = {"/kling/v1/videos/advanced-lip-sync/%s"},
  .chooses_face = TRUE,
  .takes_inline_audio = TRUE,
  .limits = KLING_LIMITS_FACE_CHOOSE,
  .identify_body = kling_body_identify,
  .speech_body = kling_body_speech,
  .create_body = kling_body_face_choose,
};
