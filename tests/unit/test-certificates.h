/* klinglipsync tests: certificates that are worth nothing
 *
 * Made for these tests and known to everybody: the server's key is below. They
 * are for localhost and 127.0.0.1, from 2020 to 2099. The keys of the two
 * authorities were thrown away.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* A server's certificate, signed by TEST_CA_PEM, and its key */
#define TEST_SERVER_PEM \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBqzCCAVGgAwIBAgIBAjAKBggqhkjOPQQDAjAqMSgwJgYDVQQDDB9rbGluZ2xp\n" \
    "cHN5bmMgdGVzdCBDQSwgd29ydGhsZXNzMCAXDTIwMDEwMTAwMDAwMFoYDzIwOTkx\n" \
    "MjMxMDAwMDAwWjAuMSwwKgYDVQQDDCNrbGluZ2xpcHN5bmMgdGVzdCBzZXJ2ZXIs\n" \
    "IHdvcnRobGVzczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABA7LeQZ212pTtRlk\n" \
    "JuBuJW/okc/q+pm7PSD/RykTuQ+jKidBzYHjdHf61c8oacX6OkJTztySiNtAruxG\n" \
    "TZO54cejYjBgMAwGA1UdEwEB/wQCMAAwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/\n" \
    "AAABMBMGA1UdJQQMMAoGCCsGAQUFBwMBMB8GA1UdIwQYMBaAFFEyL+SBcbeZdmew\n" \
    "W7Gt4x9vqu08MAoGCCqGSM49BAMCA0gAMEUCIHkMP9ez+0q9L8BAOYSqCVqDsZNQ\n" \
    "6MUAlwIGTrJbym0NAiEApbkJhBodKiZzE5d2Qm2yzCv70yRnoMNI9dRHbCmP7js=\n" \
    "-----END CERTIFICATE-----\n" \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbpkwov+jnylXYizw\n" \
    "EN1CKibxnmMt7dhJ0LZtNG4u5RWhRANCAAQOy3kGdtdqU7UZZCbgbiVv6JHP6vqZ\n" \
    "uz0g/0cpE7kPoyonQc2B43R3+tXPKGnF+jpCU87ckojbQK7sRk2TueHH\n" \
    "-----END PRIVATE KEY-----\n"

#define TEST_CA_PEM \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBiDCCAS2gAwIBAgIBATAKBggqhkjOPQQDAjAqMSgwJgYDVQQDDB9rbGluZ2xp\n" \
    "cHN5bmMgdGVzdCBDQSwgd29ydGhsZXNzMCAXDTIwMDEwMTAwMDAwMFoYDzIwOTkx\n" \
    "MjMxMDAwMDAwWjAqMSgwJgYDVQQDDB9rbGluZ2xpcHN5bmMgdGVzdCBDQSwgd29y\n" \
    "dGhsZXNzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUkLdwn5UyU0gDXPplbsF\n" \
    "QRDjlwGZPXpnWZHAaZq4OYwI2iZxNbcJZHIHIes/DHM7q1GQx/BmBsxhGT/vitgY\n" \
    "aKNCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAYYwHQYDVR0OBBYE\n" \
    "FFEyL+SBcbeZdmewW7Gt4x9vqu08MAoGCCqGSM49BAMCA0kAMEYCIQD7xmCDXkxY\n" \
    "Q/d4bgQBU+2AKdWIbdyL7SZoKmL/chcUfAIhAJ01RKLCwE61cVk9xmbuzPCVOtGE\n" \
    "kC9Sp9kvIuydV0H6\n" \
    "-----END CERTIFICATE-----\n"

/* An authority that has signed nothing */
#define TEST_OTHER_CA_PEM \
    "-----BEGIN CERTIFICATE-----\n" \
    "MIIBkzCCATmgAwIBAgIBATAKBggqhkjOPQQDAjAwMS4wLAYDVQQDDCVrbGluZ2xp\n" \
    "cHN5bmMgb3RoZXIgdGVzdCBDQSwgd29ydGhsZXNzMCAXDTIwMDEwMTAwMDAwMFoY\n" \
    "DzIwOTkxMjMxMDAwMDAwWjAwMS4wLAYDVQQDDCVrbGluZ2xpcHN5bmMgb3RoZXIg\n" \
    "dGVzdCBDQSwgd29ydGhsZXNzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEgaSe\n" \
    "OytjE3n+YH8Of5qqYeG1CmbHsPCGvi1DUP6AdMsNDNGuLhmNWrsPScJaqNlTjyuF\n" \
    "gkx/dry0okErIeedjaNCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMC\n" \
    "AYYwHQYDVR0OBBYEFKq8eN0es6vexOLIK4vmpZPPEowGMAoGCCqGSM49BAMCA0gA\n" \
    "MEUCIQCVkF35+xezklqGq7icCkdYaM2inI4jpD2g0F6Bdyck+wIgZ3Ygvgle4UpO\n" \
    "KmMCNI2wuWOjOY/aGpr5au8/oM9KyWo=\n" \
    "-----END CERTIFICATE-----\n"
