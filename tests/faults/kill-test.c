/* klinglipsync tests: killed at every point, and run again
 *
 *   kill-test DIALECT ROUNDS SEED
 *
 * Each round is a request with a store of its own. It is run, killed with
 * SIGKILL at a named point, and run again to the end. Then exactly one task was
 * paid, and the file is its video. The one exception is a kill from the
 * moment in which the call may have been sent until its answer is on disk, where
 * a service does not let us look the task up: then the second run ends with a
 * question and pays nothing, and `task-id` or `take` is the answer to it.
 *
 * The points come in turns, each turn in another order that SEED says, so that
 * each of them is met once in so many rounds. A point at which nothing is ever
 * killed is a failed test.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "faults-helper.h"

#include <stdlib.h>

/* A sandbox tells all calls that ever came, so it is a new one now and then. */
#define ROUNDS_PER_SANDBOX 50

typedef enum
{
  ANY = 0,
  TEXT = 1 << 0,                /* with a text only */
  AUDIO = 1 << 1,               /* with a file that is uploaded only */
  OFFICIAL = 1 << 2,            /* only where speech is a call of its own */
  DOUBT = 1 << 3,               /* whether something was bought is not known */
  PAID = 1 << 4,                /* each paid call comes by, the create last */
  OFTEN = 1 << 5,               /* comes by several times */
} Traits;

static const struct
{
  const gchar *name;
  guint traits;
} points[] = {
  {"job-begun", ANY},
  {"record-held", ANY},
  {"before-upload", AUDIO},
  {"after-upload", AUDIO},
  {"before-identify", ANY},
  {"after-identify", ANY},
  {"session-kept", ANY},
  {"before-speech", TEXT | OFFICIAL},
  {"after-speech", TEXT | OFFICIAL},
  {"speech-kept", TEXT | OFFICIAL},
  {"room-made", PAID},
  {"record-sending", PAID},
  {"right-taken", PAID | DOUBT},
  {"request-sent", PAID | DOUBT},
  {"after-create", DOUBT},
  {"answer-written", PAID},
  {"answer-kept", PAID},
  {"polled", OFTEN},
  {"record-fetching", ANY},
  {"downloading", ANY},
  {"downloaded", ANY},
  {"result-flushed", ANY},
  {"result-renamed", ANY},
  {"record-done", ANY},
};

/* What a test has found out */
typedef struct
{
  KlingFaults *faults;
  GRand *random;
  guint round;
  guint kills[G_N_ELEMENTS (points)];
  guint order[G_N_ELEMENTS (points)];
  guint left;                   /* of this turn */
} Kills;

/* One round */
typedef struct
{
  KlingFaultsRequest *request;
  guint point;
  gchar *wish;                  /* as in KLING_TEST_KILL */
  gboolean doubt;               /* that ends in a question */
  gint64 paid;                  /* before it */
  gint64 identified;
  guint uploads;
  guint runs;
} Round;

static gboolean
point_has (guint point, guint trait)
{
  return (points[point].traits & trait) != 0;
}

static gboolean
point_is_for (Kills * kills, guint point)
{
  return kling_faults_is_official (kills->faults)
      || !point_has (point, OFFICIAL);
}

static guint
count_uploads (KlingFaults * faults)
{
  g_autoptr (JsonNode) list =
      kling_test_sandbox_get_json (faults->sandbox, "/sandbox/uploads");

  return json_array_get_length (json_node_get_array (list));
}

/* ---- what a round is ---- */

static void
begin_turn (Kills * kills)
{
  kills->left = 0;
  for (guint i = 0; i < G_N_ELEMENTS (points); i++) {
    guint at;

    if (!point_is_for (kills, i))
      continue;
    at = g_rand_int_range (kills->random, 0, ++kills->left);
    kills->order[kills->left - 1] = kills->order[at];
    kills->order[at] = i;
  }
}

static guint
next_point (Kills * kills)
{
  if (kills->left == 0)
    begin_turn (kills);
  return kills->order[--kills->left];
}

/* Whether something is said from a file, where the point leaves a choice */
static gboolean
pick_audio (Kills * kills, guint point)
{
  if (point_has (point, TEXT))
    return FALSE;
  return point_has (point, AUDIO) || g_rand_boolean (kills->random);
}

/* When to die. Each paid call has its turn, but that which costs most has every
 * other one. */
static void
round_make_wish (Round * round, Kills * kills, gboolean audio)
{
  const gchar *name = points[round->point].name;
  /* identify-face, speech where it is a call of its own, create */
  gint calls = kling_faults_is_official (kills->faults) && !audio ? 3 : 2;
  gint nth = 1;

  if (point_has (round->point, PAID))
    nth = kills->kills[round->point] == 0 || g_rand_boolean (kills->random)
        ? calls : g_rand_int_range (kills->random, 1, calls + 1);
  else if (point_has (round->point, OFTEN))
    nth = g_rand_int_range (kills->random, 1, 3);
  round->wish = g_strdup_printf ("%s:%d", name, nth);
  round->doubt = point_has (round->point, DOUBT)
      && !kling_faults_is_official (kills->faults)
      && (nth == calls || !point_has (round->point, PAID));
}

static void
round_begin (Round * round, Kills * kills)
{
  guint point = next_point (kills);
  gboolean audio = pick_audio (kills, point);
  g_autofree gchar *text = g_strdup_printf ("This is round %u, and something is"
      " going to go wrong in it.", kills->round);
  g_autofree gchar *take = g_strdup_printf ("take-%u", kills->round);

  round->point = point;
  round_make_wish (round, kills, audio);
  round->paid = kling_faults_paid (kills->faults);
  round->identified =
      kling_test_sandbox_count (kills->faults->sandbox, "identify");
  round->uploads = count_uploads (kills->faults);
  round->request =
      kling_faults_request_new (kills->faults, audio ? NULL : text);
  kling_faults_request_set (round->request, "take", take);
  if (audio) {
    g_autofree gchar *path = kling_faults_make_wav (kills->faults, 2500,
        (guint8) kills->round);

    kling_faults_request_say (round->request, path);
  }
  if (kills->round % 3 == 0)
    kling_faults_request_set (round->request, "max-tasks", "2");
}

static void
round_clear (Round * round)
{
  kling_faults_request_free (round->request);
  g_free (round->wish);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Round, round_clear);

static KlingFaultsRun *
round_run (Round * round, const gchar * kill)
{
  round->runs++;
  return kling_faults_run (round->request, kill);
}

static void
round_check_paid (Round * round, KlingFaultsRun * run, gint64 expected)
{
  gint64 paid = kling_faults_paid (round->request->faults) - round->paid;

  kling_faults_check (run, paid == expected, "%" G_GINT64_FORMAT " tasks were"
      " paid, not %" G_GINT64_FORMAT, paid, expected);
}

/* ---- what is expected of it ---- */

/* What was uploaded for it is gone, whoever of them has put it there. */
static void
check_uploads (Round * round, KlingFaultsRun * run)
{
  guint uploads = count_uploads (round->request->faults);

  kling_faults_check (run, uploads == round->uploads,
      "%u uploads were left behind", uploads - round->uploads);
}

/* The answer that a person finds in the service's console */
static void
answer_question (Round * round)
{
  g_autofree gchar *task_id =
      kling_faults_dup_newest_task (round->request->faults);
  g_autoptr (KlingFaultsRun) named = NULL, again = NULL;
  guint calls;

  kling_faults_request_set (round->request, "task-id", task_id);
  named = round_run (round, NULL);
  kling_faults_check_video (named, task_id);
  round_check_paid (round, named, 1);
  kling_faults_request_set (round->request, "task-id", NULL);
  calls = kling_faults_calls (round->request->faults);
  again = round_run (round, NULL);
  kling_faults_check_video (again, task_id);
  kling_faults_check (again, kling_faults_calls (round->request->faults)
      == calls, "The service was called for a video that is here");
  check_uploads (round, named);
}

/* Nothing was bought: a person has seen that, and has another take made. */
static void
pay_for_another (Round * round)
{
  g_autoptr (KlingFaultsRun) run = NULL;

  kling_faults_request_set (round->request, "take", "another");
  run = round_run (round, NULL);
  kling_faults_check_video (run, NULL);
  round_check_paid (round, run, 1);
}

static void
expect_question (Round * round, gboolean was_sent)
{
  g_autoptr (KlingFaultsRun) run = NULL;

  if (was_sent)
    kling_faults_wait_paid (round->request->faults, round->paid + 1);
  run = round_run (round, NULL);
  kling_faults_check_error (run, "task-id");
  kling_faults_check_error (run, "take");
  round_check_paid (round, run, was_sent ? 1 : 0);
  if (was_sent)
    answer_question (round);
  else
    pay_for_another (round);
}

static void
expect_video (Round * round)
{
  g_autoptr (KlingFaultsRun) run = round_run (round, NULL);

  kling_faults_check_video (run, NULL);
  round_check_paid (round, run, 1);
  check_uploads (round, run);
}

static void
check_rest (Round * round, KlingFaultsRun * run)
{
  KlingFaults *faults = round->request->faults;
  gint64 identified = kling_test_sandbox_count (faults->sandbox, "identify")
      - round->identified;

  kling_faults_check (run, identified <= (gint64) round->runs,
      "%" G_GINT64_FORMAT " sessions in %u runs", identified, round->runs);
}

static void
play_round (Kills * kills)
{
  g_auto (Round) round = { NULL, };
  g_autoptr (KlingFaultsRun) run = NULL;

  round_begin (&round, kills);
  run = round_run (&round, round.wish);
  if (!kling_faults_was_killed (run)) {
    kling_faults_check_video (run, NULL);
    round_check_paid (&round, run, 1);
    return;
  }
  kills->kills[round.point]++;
  if (round.doubt)
    expect_question (&round, g_strcmp0 (points[round.point].name,
            "right-taken") != 0);
  else
    expect_video (&round);
  check_rest (&round, run);
}

/* ---- all of them ---- */

static gint
report (Kills * kills)
{
  gint missed = 0;

  for (guint i = 0; i < G_N_ELEMENTS (points); i++) {
    if (!point_is_for (kills, i))
      continue;
    g_print ("%-16s %u\n", points[i].name, kills->kills[i]);
    if (kills->kills[i] == 0 && kills->round >= G_N_ELEMENTS (points)) {
      g_printerr ("Nothing was ever killed at the point %s\n", points[i].name);
      missed++;
    }
  }
  return missed > 0 ? 1 : 0;
}

gint
main (gint argc, gchar ** argv)
{
  Kills kills = { NULL, };
  guint rounds;

  if (argc != 4) {
    g_printerr ("usage: kill-test DIALECT ROUNDS SEED\n");
    return 2;
  }
  rounds = (guint) strtoul (argv[2], NULL, 10);
  kills.random = g_rand_new_with_seed ((guint32) strtoul (argv[3], NULL, 10));
  for (; kills.round < rounds; kills.round++) {
    if (kills.round % ROUNDS_PER_SANDBOX == 0) {
      g_clear_pointer (&kills.faults, kling_faults_free);
      kills.faults = kling_faults_new (argv[1], "0.2");
    }
    play_round (&kills);
  }
  g_rand_free (kills.random);
  if (kills.faults == NULL)
    return 2;
  rounds = (guint) report (&kills);
  kling_faults_free (kills.faults);
  return (gint) rounds;
}
