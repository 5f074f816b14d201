/* W3C Web Authentication Level 3, section 16 (test vectors): the values of the examples, without their
 * attestation statements (certificates), which nobody here reads. rpId example.org, all in hex. */
#ifndef MADANG_TESTS_WEBAUTHN_VECTORS_H
#define MADANG_TESTS_WEBAUTHN_VECTORS_H

struct vector {
    const char *name;
    int algorithm;
    /* registration; attestation NULL: the key and id are given instead */
    const char *challenge, *client_data, *attestation;
    const char *id, *aaguid;
    const char *cose;
    /* sign in */
    const char *challenge2, *client_data2, *auth_data2, *signature2;
};

#define RP_HASH "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b5"
#define EXTRA                                                                                      \
    "22657874726144617461223a22636c69656e74446174614a534f4e206d617920626520657874656e646564207769" \
    "7468"                                                                                         \
    "206164646974696f6e616c206669656c647320696e20746865206675747572652c20737563682061732074686973" \
    "3a20"
#define F32 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define Z32 "0000000000000000000000000000000000000000000000000000000000000000"

static const struct vector vectors[] = {
    {
        .name = "16.2 none.ES256",
        .algorithm = -7,
        .challenge = "00c30fb78531c464d2b6771dab8d7b603c01162f2fa486bea70f283ae556e130",
        .client_data = "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223"
                       "a22414d4d507434"
                       "557878475453746e63647134313759447742466938767049612d7077386f4f7556573454412"
                       "22c226f72696769"
                       "6e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e2"
                       "23a66616c73652c" EXTRA "426b5165446a646354427258426941774a544c453551227d",
        .attestation =
            "a363666d74646e6f6e656761747453746d74a068617574684461746158a4" RP_HASH
            "59000000008446ccb9ab1db374750b2367ff6f3a1f0020"
            "f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4"
            "a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61"
            "225820930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220",
        .id = "f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4",
        .aaguid = "8446ccb9ab1db374750b2367ff6f3a1f",
        .challenge2 = "39c0e7521417ba54d43e8dc95174f423dee9bf3cd804ff6d65c857c9abf4d408",
        .client_data2 =
            "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e556851"
            "5875"
            "6c5455506f334a5558543049393770767a7a59425039745a63685879617630314167222c226f726967696e"
            "223a"
            "2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73657d",
        .auth_data2 = RP_HASH "1900000000",
        .signature2 =
            "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd38022100"
            "8480ac0f0b93538174f575bf11a1dd5d78c6e486013f937295ea13653e331e87",
    },
    {
        .name = "16.3 packed-self.ES256",
        .algorithm = -7,
        .challenge = "7869c2b772d4b58eba9378cf8f29e26cf935aa77df0da89fa99c0bdc0a76f7e5",
        .client_data = "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223"
                       "a2265476e437433"
                       "4c55745936366b336a506a796e6962506b31716e666644616966715a774c33417032392d552"
                       "22c226f72696769"
                       "6e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e2"
                       "23a66616c73652c" EXTRA "5539685458764b453255526b4d6e625f307859485667227d",
        .attestation =
            "a363666d74667061636b65646761747453746d74a263616c672663736967584630440220067a20754ab925"
            "005d"
            "bf378097c92120031581c73228d1fb4f5b881bcd7da98302207fc7b147558c7c0eba3af18bd9d121fa3d3a"
            "26d1"
            "7fe3f220272178f473b6006d68617574684461746158a4" RP_HASH
            "5d00000000df850e09db6afbdfab51697791506cfc0020"
            "455ef34e2043a87db3d4afeb39bbcb6cc32df9347c789a865ecdca129cbef58c"
            "a5010203262001215820eb151c8176b225cc651559fecf07af450fd85802046656b34c18f6cf193843c5"
            "225820927b8aa427a2be1b8834d233a2d34f61f13bfd44119c325d5896e183fee484f2",
        .id = "455ef34e2043a87db3d4afeb39bbcb6cc32df9347c789a865ecdca129cbef58c",
        .aaguid = "df850e09db6afbdfab51697791506cfc",
        .challenge2 = "4478a10b1352348dd160c1353b0d469b5db19eb91c27f7dfa6fed39fe26af20b",
        .client_data2 = "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a2252"
                        "48696843784e534e"
                        "493352594d45314f7731476d3132786e726b634a5f6666707637546e2d4a71386773222c22"
                        "6f726967696e223a"
                        "2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66"
                        "616c73652c" EXTRA "6754623533727a36456853576f6d58477a696d433151227d",
        .auth_data2 = RP_HASH "0900000000",
        .signature2 = "304402203310b9431903c401f1be2bdc8d23a4007682dbbddcf846994947b7f465daf8400220"
                      "4e94dd00047b316061b3b99772b7efd95994a83ef584b3b6b825ea3550251b66",
    },
    {
        .name = "16.10 packed.RS256",
        .algorithm = -257,
        .id = "992a18acc83f67533600c1138a4b4c4bd236de13629cf025ed17cb00b00b74df",
        .aaguid = "428f8878298b9862a36ad8c7527bfef2",
        /* The product of the two smallest Mersenne primes from 2^1024 on. */
        .cose = "a4010303390100205901b4"
                "03" F32 F32 F32 F32
                "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7" F32 F32 F32
                "ffffffffffffffffffffffffffffffffffffff8" Z32 Z32 Z32 Z32
                "000000000000000000000000000000000000000000000000000000000000001"
                "2143010001",
        .challenge2 = "295f59f5fa8fe62c5aca9e27626c78c8da376ae6d8cd2dd29aebad601e1bc4c5",
        .client_data2 =
            "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224b56395a396671"
            "5035"
            "6978617970346e596d7834794e6f33617562597a5333536d75757459423462784d55222c226f726967696e"
            "223a"
            "2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73657d",
        .auth_data2 = RP_HASH "1900000000",
        .signature2 = "01063d52d7c39b4d432fc7063c5d93e582bdcb16889cd71f888d67d880ea730a428498d3bc8e"
                      "1ee11f2b1ecbe6"
                      "c292b118c55ffaaddefa8cad0a54dd137c51f1eec673f1bb6c4d1789d6826a222b22d0f585fc"
                      "901fdc933212e5"
                      "79d199b89d672aa44891333e6a1355536025e82b25590256c3538229b55737083b2f6b9377e4"
                      "9e2472f11952f7"
                      "9fdd0da180b5ffd901b4049a8f081bb40711bef76c62aed943571f2d0575304cb549d68d8892"
                      "f95086a30f9371"
                      "6aee818f8dc06e96c0d5e0ed4cfa9fd8773d90464b68cf140f7986666ff9c9e3302acd0535d6"
                      "0d769f465e2ab5"
                      "7ef8aabc89fccfef7ba32a64154a8b3d26be2298f470b8cc5377dbe3dfd4b0b45f8f01e63bde"
                      "6cfc76b62771f9"
                      "b70aa27cf40152cad93aa5acd784fd4b90f676e2ea828d0bf2400aebbaae4153e5838f537f88"
                      "b6228346782a93"
                      "a899be66ec77de45b3efcf311da6321c92e6b0cd11bfe653bf3e98cee8e341f02d67dbb6f9c9"
                      "8d9e8178090cfb"
                      "5b70fbc6d541599ac794ae2f1d4de1286ec8de8c2daf7b1d15c8438e90d924df5c19045220a4"
                      "c8438c1b979bbe"
                      "016cf3d0eeec23c3999d4882cc645b776de930756612cdc6dd398160ff02a6",
    },
    {
        .name = "16.11 packed.EdDSA",
        .algorithm = -8,
        .id = "ce9f840ed96599580cd140fbc7bb3230633f50f61041aff73308ae71caa8a2bd",
        .aaguid = "d5aa33581e8ca478e20fe713f5d32ff2",
        .cose =
            "a401010327200621582044e06ddd331c36a8dc667bab52bcae63486c916aa5e339e6acebaa84934bf832",
        .challenge2 = "895957e01c633a698348a2d8a31a54b7db27e8c1c43b2080d79ae2190267bfd2",
        .client_data2 =
            "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a2269566c58344278"
            "6a4f"
            "6d6d44534b4c596f7870557439736e364d48454f7943413135726947514a6e763949222c226f726967696e"
            "223a"
            "2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73657d",
        .auth_data2 = RP_HASH "0100000000",
        .signature2 = "f5c59c7e46c34f6f8cc197101ddf9934fa2595f68eb1913a637e8419eb9ba4cf"
                      "dfc48f85393bc0d40b011f0d6fecb097d6607525713223a0dc0d453993dae00b",
    },
};

#endif
