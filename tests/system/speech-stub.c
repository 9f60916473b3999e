/* klinglipsync tests: in place of espeak-ng
 *
 * Reads what it shall say to the end and writes a tenth of a second of a tone, as
 * a WAV file of 22050 Hz, to the path after "-w". When the text begins with
 * "for ever" it never ends by itself; with SPEECH_STUB_PID that file then gets
 * its process id.
 *
 * Small on purpose: a test runs it thousands of times.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <endian.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLES 2205
#define RATE 22050

static int
write_tone (const char *path)
{
  const uint32_t head[] = { htole32 (0x46464952), htole32 (36 + SAMPLES * 2),
    htole32 (0x45564157), htole32 (0x20746d66), htole32 (16),
    htole32 (0x00010001), htole32 (RATE), htole32 (RATE * 2),
    htole32 (0x00100002), htole32 (0x61746164), htole32 (SAMPLES * 2)
  };
  uint16_t tone[SAMPLES];
  FILE *out = fopen (path, "wb");

  for (int i = 0; i < SAMPLES; i++)
    tone[i] = htole16 (i / 25 % 2 ? 9000 : -9000);
  if (out == NULL || fwrite (head, sizeof head, 1, out) != 1
      || fwrite (tone, sizeof tone, 1, out) != 1)
    return EXIT_FAILURE;
  return fclose (out) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Renamed into place, so that who waits for it reads a whole number. */
static void
tell_pid (const char *path)
{
  char part[4096];
  FILE *out;

  snprintf (part, sizeof part, "%s.part", path);
  out = fopen (part, "w");
  if (out == NULL)
    return;
  fprintf (out, "%d", (int) getpid ());
  fclose (out);
  rename (part, path);
}

int
main (int argc, char **argv)
{
  const char *pid_file = getenv ("SPEECH_STUB_PID"), *path = NULL;
  char text[64] = "", more[256];

  for (int i = 1; i + 1 < argc; i++)
    if (strcmp (argv[i], "-w") == 0)
      path = argv[i + 1];
  if (fgets (text, sizeof text, stdin))
    while (fgets (more, sizeof more, stdin));
  if (strncmp (text, "for ever", 8) == 0) {
    if (pid_file)
      tell_pid (pid_file);
    for (;;)
      pause ();
  }
  return path ? write_tone (path) : EXIT_FAILURE;
}
