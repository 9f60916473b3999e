/* klinglipsync: the properties that are about the video: who speaks, what is
 * said, and the task
 *
 * Specifications only; what they are set to is in gstklingproperties.c. Run
 * once, by class_init().
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklingpropertyspecs.h"

/* No speech is nearly as long: keeps sums of two of them in range. */
#define MAX_MEDIA_TIME (24 * 3600 * GST_SECOND)

static void
install_speaker_properties (GParamSpec ** pspecs)
{
  /**
   * GstKlingLipsync:video-url:
   *
   * The video with the face that is to speak, at a URL that the service can
   * read. One of video-url, video-id and session-id says who speaks.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_VIDEO_URL] = g_param_spec_string ("video-url", "Video URL",
      "URL of the video with the face, readable for the service; read back"
      " without its query. All dialects", NULL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:video-id:
   *
   * A video that the service made itself, by its id.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_VIDEO_ID] = g_param_spec_string ("video-id", "Video id",
      "Id of a video that the service made itself, instead of video-url."
      " All dialects", NULL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:session-id:
   *
   * What identify-face has returned before, to save that call. Sessions are
   * believed to last 24 hours.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_SESSION_ID] = g_param_spec_string ("session-id", "Session id",
      "Session of an earlier identify-face call, instead of video-url."
      " Dialects: gateway, official, relay", NULL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:face-id:
   *
   * The face that speaks, when there are several in the video; as the message
   * klinglipsync-faces names them. With #GstKlingLipsync:session-id it has to be
   * set, because the faces of that session are not known here.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_FACE_ID] = g_param_spec_string ("face-id", "Face id",
      "The face that speaks, as klinglipsync-faces names it. Unset: what"
      " select-face answers, else the face that is seen longest."
      " Dialects: official, relay", NULL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:face-image-url:
   *
   * A picture of the face "for improved character consistency". Its limits and
   * its effect are not documented by the service.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_FACE_IMAGE_URL] = g_param_spec_string ("face-image-url",
      "Face image URL",
      "URL of a picture of the face, for a better likeness; optional; read back"
      " without its query. Dialect: gateway", NULL, FLAGS_READ_WRITE);
}

static void
install_speech_properties (GParamSpec ** pspecs)
{
  /**
   * GstKlingLipsync:text:
   *
   * What the face says, spoken by the service with #GstKlingLipsync:voice-id.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_TEXT] = g_param_spec_string ("text", "Text",
      "What the face says; needs voice-id and voice-language. Up to 1000"
      " characters (official, relay) or 120 (legacy, presumably gateway)."
      " All dialects", NULL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:voice-id:
   *
   * One of the service's voices. It has no default, because it decides about
   * the sex and the age of who speaks.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_VOICE_ID] = g_param_spec_string ("voice-id", "Voice id",
      "Voice for text, such as oversea_male1 or girlfriend_4_speech02 (en)."
      " All dialects", NULL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:voice-language:
   *
   * The language of the voice: en or zh.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_VOICE_LANGUAGE] = g_param_spec_string ("voice-language",
      "Voice language", "Language of the voice for text: en or zh."
      " All dialects", NULL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:voice-speed:
   *
   * How fast the text is spoken. Slower makes a short text long enough.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_VOICE_SPEED] = g_param_spec_double ("voice-speed", "Voice speed",
      "How fast the text is spoken, 1.0 is the voice's own speed; in steps of"
      " 0.01 (legacy: 0.1). Dialects: official, relay, legacy", 0.8, 2.0,
      GST_KLING_DEFAULT_FACTOR, FLAGS_READ_WRITE);
}

static void
install_audio_properties (GParamSpec ** pspecs)
{
  /**
   * GstKlingLipsync:audio-url:
   *
   * A recording of what the face says, at a URL that the service can read.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_AUDIO_URL] = g_param_spec_string ("audio-url", "Audio URL",
      "URL of a recording of what the face says, instead of text; read back"
      " without its query. All dialects", NULL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:audio-id:
   *
   * Speech that the service made before, by its id: it keeps it for 30 days.
   * Its length is not known here, so #GstKlingLipsync:audio-end has to be set.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_AUDIO_ID] = g_param_spec_string ("audio-id", "Audio id",
      "Id of speech that the service made before, instead of text; needs"
      " audio-end. Dialects: official, relay", NULL, FLAGS_READ_WRITE);
}

static void
install_cut_properties (GParamSpec ** pspecs)
{
  /**
   * GstKlingLipsync:audio-start:
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_AUDIO_START] = g_param_spec_uint64 ("audio-start", "Audio start",
      "Where in the speech the part begins that is said, in nanoseconds (sent"
      " in milliseconds). Dialects: official, relay", 0, MAX_MEDIA_TIME, 0,
      FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:audio-end:
   *
   * Where the part ends, which has to last two seconds. Unset it is the end of
   * the speech, which is found out: audio at a URL is read once for that.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_AUDIO_END] = g_param_spec_uint64 ("audio-end", "Audio end",
      "Where in the speech the part ends that is said, in nanoseconds (sent in"
      " milliseconds). Unset: at the end. Dialects: official, relay", 0,
      G_MAXUINT64, GST_CLOCK_TIME_NONE, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:insert-time:
   *
   * When in the video the speech begins. The face has to be seen for two seconds
   * of it, and the video must not end before it.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_INSERT_TIME] = g_param_spec_uint64 ("insert-time", "Insert time",
      "When in the video the speech begins, in nanoseconds (sent in"
      " milliseconds). Unset: at its beginning, or when the face appears if that"
      " is too late for it. Dialects: official, relay", 0, G_MAXUINT64,
      GST_CLOCK_TIME_NONE, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:audio-volume:
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_AUDIO_VOLUME] = g_param_spec_double ("audio-volume",
      "Audio volume", "How loud the speech is in the result, as a factor, in"
      " steps of 0.01. Dialects: official, relay", 0, 2,
      GST_KLING_DEFAULT_FACTOR, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:original-audio-volume:
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_ORIGINAL_AUDIO_VOLUME] =
      g_param_spec_double ("original-audio-volume", "Original audio volume",
      "How loud the sound of the source video is in the result, as a factor, in"
      " steps of 0.01. Dialects: official, relay", 0, 2,
      GST_KLING_DEFAULT_FACTOR, FLAGS_READ_WRITE);
}

static void
install_upload_properties (GParamSpec ** pspecs)
{
  /**
   * GstKlingLipsync:upload:
   *
   * Where what comes to the pads audio and video is put, so that the service
   * can read it. It may hold a signature or a password, so it cannot be read
   * back.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_UPLOAD] = g_param_spec_string ("upload", "Upload",
      "Where input from pads is put for the service to read:"
      " https://host/dir/{name} (PUT), post+https://host/path#field=file&url=/url"
      " (multipart), s3://bucket/prefix?region=..., or"
      " serve:PORT?public=https://host/ (this process); cannot be read back."
      " Unset: the environment variable KLING_UPLOAD; audio then goes within the"
      " call that costs, except with the dialect gateway. All dialects",
      NULL, FLAGS_WRITE_ONLY);

  /**
   * GstKlingLipsync:upload-public-url:
   *
   * For a PUT: where the service reads what was put, with {name} in the place of
   * the file's name.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_UPLOAD_PUBLIC_URL] = g_param_spec_string ("upload-public-url",
      "Upload public URL",
      "Where the service reads what was put, with {name} for the file's name;"
      " read back without its query. Unset: as upload, without its query."
      " All dialects", NULL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:upload-headers:
   *
   * HTTP headers for uploading and removing, as fields of a structure: the
   * credentials of that place. They go nowhere else.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_UPLOAD_HEADERS] = g_param_spec_boxed ("upload-headers",
      "Upload headers",
      "HTTP headers for uploading and removing, such as Authorization, as a"
      " structure of strings; cannot be read back. All dialects",
      GST_TYPE_STRUCTURE, FLAGS_WRITE_ONLY);

  /**
   * GstKlingLipsync:upload-cleanup:
   *
   * Whether an uploaded file is removed when the task that needs it has ended.
   * Such files have names that nobody can guess; others are named after what is
   * in them.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_UPLOAD_CLEANUP] = g_param_spec_boolean ("upload-cleanup",
      "Upload clean-up",
      "Remove uploaded files when their task has ended. All dialects",
      TRUE, FLAGS_READ_WRITE);
}

static void
install_task_properties (GParamSpec ** pspecs)
{
  /**
   * GstKlingLipsync:watermark:
   *
   * Whether the video carries the service's mark. If the service makes two
   * videos then, the one with the mark is delivered.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_WATERMARK] = g_param_spec_boolean ("watermark", "Watermark",
      "Ask for a video with the service's watermark, and deliver that one."
      " Dialects: official, relay", FALSE, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:external-task-id:
   *
   * Your own id of the task, unique in your account. With the dialect official
   * the element makes one of its own when there is none, by which a task is
   * found again whose answer was lost; it does not look for yours.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_EXTERNAL_TASK_ID] = g_param_spec_string ("external-task-id",
      "External task id",
      "Your own id of the task, unique in your account. Unset: one that stands"
      " for what is asked, made here (official only)."
      " Dialects: official, relay", NULL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:callback-url:
   *
   * Whom the service shall tell of the task's progress. The element does not
   * need it and does not listen there; it asks the service itself.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_CALLBACK_URL] = g_param_spec_string ("callback-url",
      "Callback URL",
      "URL that the service tells of the task's progress, beside"
      " the element; cannot be read back. Dialects: official, relay, legacy",
      NULL, FLAGS_WRITE_ONLY);

  /**
   * GstKlingLipsync:task-id:
   *
   * A task that exists already, made here, elsewhere or by hand: its video is
   * waited for and played, and nothing is bought. Beside a complete request
   * whose outcome is unknown it settles that question: the task is what was
   * bought for it.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_TASK_ID] = g_param_spec_string ("task-id", "Task id",
      "A task that exists already: its video is played, and nothing is bought."
      " All dialects", NULL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:take:
   *
   * The same request is never paid for twice. To have another video made of the
   * same thing, give it a name here. The same name is the same video, for
   * ever, so that a program which is started again buys nothing by accident.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_TAKE] = g_param_spec_string ("take", "Take",
      "Name of another take of the same request, which is bought once per name."
      " All dialects", NULL, FLAGS_READ_WRITE);
}

static void
install_job_properties (GParamSpec ** pspecs)
{
  /**
   * GstKlingLipsync:poll-interval:
   *
   * How often the service is asked whether the video is done. Asking is free.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_POLL_INTERVAL] = g_param_spec_uint64 ("poll-interval",
      "Poll interval",
      "Time between two questions whether the video is done, in nanoseconds."
      " All dialects", 100 * GST_MSECOND, 300 * GST_SECOND,
      GST_KLING_DEFAULT_POLL_INTERVAL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:task-timeout:
   *
   * How long to wait for the video, and then again for its download. The task
   * is not lost when this is over: its id is in the error.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_TASK_TIMEOUT] = g_param_spec_uint64 ("task-timeout",
      "Task timeout",
      "How long to wait for the video, in nanoseconds. The task is not lost"
      " when this is over. All dialects", GST_SECOND,
      7 * 24 * 3600 * GST_SECOND, GST_KLING_DEFAULT_TASK_TIMEOUT,
      FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:max-tasks:
   *
   * How many tasks may be open at once, counted over all elements and
   * processes that use the same store and the same key. Further ones wait,
   * before they pay, and say who is ahead. It needs a store.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_MAX_TASKS] = g_param_spec_uint ("max-tasks", "Max tasks",
      "How many tasks may be open at once, over all processes with this store"
      " and key; 0 for no limit. All dialects", 0, 1000, 0, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:dry-run:
   *
   * Whether to tell what would be sent and paid, instead of doing it: a message
   * klinglipsync-plan, then EOS without data. Use it with fakesink.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_DRY_RUN] = g_param_spec_boolean ("dry-run", "Dry run",
      "Send and pay nothing, but post what would be (klinglipsync-plan), then"
      " EOS without data: use it with fakesink. All dialects", FALSE,
      FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:uri-may-pay:
   *
   * Whether a klinglipsync:// link may buy a video. A link can come from
   * anywhere, so without this it only plays what the store or a task already
   * has. Has no effect on an element that was not made for a link.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_URI_MAY_PAY] = g_param_spec_boolean ("uri-may-pay",
      "URI may pay",
      "Whether a klinglipsync:// link may buy a video; the environment variable"
      " KLING_URI_MAY_PAY=1 allows it too. All dialects", FALSE,
      FLAGS_READ_WRITE);
}

static void
install_store_properties (GParamSpec ** pspecs)
{
  /**
   * GstKlingLipsync:store:
   *
   * The directory in which is written down what was asked and which task
   * answers it, and where finished videos are kept. It is what keeps a request
   * from being paid for twice. An empty string means none: then that is known
   * only while the element lives.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_STORE] = g_param_spec_string ("store", "Store",
      "Directory of what was asked and paid, and of finished videos; empty for"
      " none. Unset: the environment variable KLING_STORE, else"
      " $XDG_STATE_HOME/klinglipsync. All dialects", NULL,
      FLAGS_READ_WRITE | GST_PARAM_DOC_SHOW_DEFAULT);

  /**
   * GstKlingLipsync:store-limit:
   *
   * How many bytes of finished videos the store keeps. When there are more, the
   * ones that were played longest ago go first; they can be fetched again as
   * long as the service has them.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_STORE_LIMIT] = g_param_spec_uint64 ("store-limit",
      "Store limit", "How many bytes of finished videos are kept. All dialects",
      0, G_MAXUINT64, GST_KLING_DEFAULT_STORE_LIMIT, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:store-max-age:
   *
   * How long a finished video is kept after it was last played.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_STORE_MAX_AGE] = g_param_spec_uint64 ("store-max-age",
      "Store max age", "How long a finished video is kept after it was last"
      " played, in nanoseconds. Unset: as long as there is room. All dialects",
      0, G_MAXUINT64, GST_CLOCK_TIME_NONE, FLAGS_READ_WRITE);
}

static void
install_state_properties (GParamSpec ** pspecs)
{
  /**
   * GstKlingLipsync:status:
   *
   * What the element is doing; notified, from a streaming thread.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_STATUS] = g_param_spec_enum ("status", "Status",
      "What the element is doing", GST_TYPE_KLING_LIPSYNC_STATUS,
      GST_KLING_LIPSYNC_STATUS_IDLE, FLAGS_READ_ONLY);

  /**
   * GstKlingLipsync:current-task-id:
   *
   * The task that is being waited for or was delivered last; notified, from a
   * streaming thread. Keep it: it is the receipt of what was paid.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_CURRENT_TASK_ID] = g_param_spec_string ("current-task-id",
      "Current task id", "Task that makes or has made the video", NULL,
      FLAGS_READ_ONLY);

  /**
   * GstKlingLipsync:result-location:
   *
   * The file of the finished video in the store, from the message
   * klinglipsync-result on and until READY; %NULL when it is not kept. Read it
   * or copy it, but do not change or move it.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_RESULT_LOCATION] = g_param_spec_string ("result-location",
      "Result location", "File of the finished video in the store", NULL,
      FLAGS_READ_ONLY);
}

/* Makes the specifications of these properties in @pspecs, which has room for
 * N_PROPERTIES. */
void
gst_kling_install_media_properties (GParamSpec ** pspecs)
{
  install_speaker_properties (pspecs);
  install_speech_properties (pspecs);
  install_audio_properties (pspecs);
  install_cut_properties (pspecs);
  install_upload_properties (pspecs);
  install_task_properties (pspecs);
  install_job_properties (pspecs);
  install_store_properties (pspecs);
  install_state_properties (pspecs);
}
