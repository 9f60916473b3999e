/* klinglipsync: the dialect of Kling itself
 *
 * Pure functions, for any thread. Facts and figures are those of
 * https://klingai.com/document-api/api/video/lip-sync.md
 * https://klingai.com/document-api/api/video/lip-sync/face-detection.md
 * https://klingai.com/document-api/api/video/avatar/text-to-speech.md
 *
 * The default is the service for the world; that for China is at
 * https://api-beijing.klingai.com. Text becomes speech by a call of its own,
 * which is documented to answer with the finished speech. Where to ask for
 * speech that is not finished is documented nowhere: its path is made after
 * those of the other tasks. Prices are those that other clients count with.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-dialect-body.h"

const KlingDialect kling_dialect_official = {
  .nick = "official",
  .label = "Kling itself",
  .default_base_url = "https://api-singapore.klingai.com",
  .takes_jwt = TRUE,
  .fields = KLING_FIELDS_FACE_CHOOSE,
  .identify_path = "/v1/videos/identify-face",
  .speech_path = "/v1/audio/tts",
  .speech_query_path = "/v1/audio/tts/%s",
  .create_path = "/v1/videos/advanced-lip-sync",
  .query_paths = {"/v1/videos/advanced-lip-sync/%s"},
  .chooses_face = TRUE,
  .takes_inline_audio = TRUE,
  .has_external_id = TRUE,
  .limits = KLING_LIMITS_FACE_CHOOSE,
  .price = {
        .identify = 5,
        .speech = 5,
        .video = 50,
        .video_step = 5 * G_USEC_PER_SEC,
      },
  .identify_body = kling_body_identify,
  .speech_body = kling_body_speech,
  .create_body = kling_body_face_choose,
};
