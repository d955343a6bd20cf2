using System.Text;
using CsCheck;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Encryption;

/// <summary>Who reads and writes which values, in upstream's order and words.</summary>
public sealed class ResourceEncryptionTests
{
    private static readonly byte[] Place = "/registry/secrets/shop/token"u8.ToArray();

    [Fact]
    public void AValueOpensOnlyWholeAndInItsPlace()
    {
        var encryption = Of([Keys.Of("key1", 1)]);
        Gen.Select(Gen.Byte.Array[0, 300], Gen.Int[0, 10_000], Gen.Int[0, 7]).Check(drawn =>
        {
            var (value, place, bit) = drawn;
            var stored = encryption.Seal(value, Place);

            Assert.StartsWith("k8s:enc:aesgcm:v1:key1:", Encoding.Latin1.GetString(stored), StringComparison.Ordinal);
            var opened = encryption.Open(stored, Place);
            Assert.Equal(value, opened.Value.ToArray());
            Assert.False(opened.IsStale);
            Assert.Equal(
                "cipher: message authentication failed",
                encryption.Open(stored, "/registry/secrets/shop/other"u8).Problem);
            var prefix = "k8s:enc:aesgcm:v1:key1:".Length;
            stored[prefix + (place % (stored.Length - prefix))] ^= (byte)(1 << bit);
            Assert.Equal("cipher: message authentication failed", encryption.Open(stored, Place).Problem);
        });
    }

    [Fact]
    public void TheFormIsUpstreams()
    {
        // Prefix, nonce, encrypted value, tag: as the cipher alone reads it.
        var encryption = Of([Keys.Of("key1", 1)]);
        var stored = encryption.Seal("{}"u8, Place);

        Assert.Equal("k8s:enc:aesgcm:v1:key1:".Length + 12 + 2 + 16, stored.Length);
        using var cipher = new System.Security.Cryptography.AesGcm([.. Enumerable.Repeat((byte)1, 32)], 16);
        var sealedValue = stored.AsSpan("k8s:enc:aesgcm:v1:key1:".Length);
        var plain = new byte[2];
        cipher.Decrypt(sealedValue[..12], sealedValue[12..^16], sealedValue[^16..], plain, Place);
        Assert.Equal("{}"u8.ToArray(), plain);
    }

    [Fact]
    public void KeysAreRotatedInThreeSteps()
    {
        var (old, next) = (Keys.Of("old", 1), Keys.Of("next", 2));
        var stored = Of([old]).Seal("{}"u8, Place);

        Assert.False(Of([old, next]).Open(stored, Place).IsStale);
        var moved = Of([next, old]);
        Assert.True(moved.Open(stored, Place) is { IsStale: true, Problem: null });
        Assert.True(Of([next], [old]).Open(stored, Place) is { IsStale: true, Problem: null });
        Assert.Equal(
            "no matching key was found for the provided AES transformer", Of([next]).Open(stored, Place).Problem);
        Assert.True(Of([next]).Open(moved.Seal("{}"u8, Place), Place) is { IsStale: false, Problem: null });
    }

    [Fact]
    public void EncryptionIsTurnedOnAndOffByTheOrderOfProviders()
    {
        var key = Keys.Of("key1", 1);
        var plain = "{}"u8.ToArray();
        var encrypted = Of([key]).Seal(plain, Place);

        Assert.True(Of([key], null).Open(plain, Place) is { IsStale: true, Problem: null });
        Assert.True(Of(null, [key]).Open(encrypted, Place) is { IsStale: true, Problem: null });
        Assert.Equal(plain, Of(null, [key]).Seal(plain, Place));
        Assert.Equal("", Of(null, [key]).WritesWith);
        Assert.Equal("no matching prefix found", Of([key]).Open(plain, Place).Problem);
        Assert.Equal("no matching prefix found", Of((EncryptionKey[]?)null).Open(encrypted, Place).Problem);
    }

    [Fact]
    public void WhatIsTooShortIsSaidToBe() => Assert.Equal(
        "the stored data was shorter than the required size",
        Of([Keys.Of("key1", 1)]).Open("k8s:enc:aesgcm:v1:key1:short"u8.ToArray(), Place).Problem);

    /// <summary>The vector of NaCl's own tests.</summary>
    [Fact]
    public void ASecretboxIsThatOfNaCl()
    {
        const string Message =
            "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01"
            + "233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59f"
            + "fd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705";
        const string Box =
            "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c"
            + "98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acf"
            + "eabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5";
        var nonce = Convert.FromHexString("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
        var cipher = new SecretboxCipher(
            Convert.FromHexString("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389"));
        var (message, box) = (Convert.FromHexString(Message), new byte[Box.Length / 2]);

        cipher.SealWith(nonce, message, box);

        Assert.Equal(Box, Convert.ToHexStringLower(box));
        Assert.Equal(message, cipher.Open([.. nonce, .. box], [], out _));
    }

    [Fact]
    public void AValueOfCbcIsThatOfTheCipherAlone()
    {
        var value = """{"data":{"password":"hunter2"}}"""u8.ToArray();
        var stored = Of(Provider(EncryptionScheme.AesCbc, Keys.Of("key1", 1))).Seal(value, Place);

        var sealedValue = stored["k8s:enc:aescbc:v1:key1:".Length..];
        using var cipher = System.Security.Cryptography.Aes.Create();
        cipher.Key = [.. Enumerable.Repeat((byte)1, 32)];
        Assert.Equal(value, cipher.DecryptCbc(sealedValue[16..], sealedValue[..16]));
    }

    [Theory]
    [InlineData(EncryptionScheme.AesCbc, "aescbc")]
    [InlineData(EncryptionScheme.Secretbox, "secretbox")]
    public void OtherSchemesReadWhatTheyWrite(EncryptionScheme scheme, string name)
    {
        var encryption = Of(Provider(scheme, Keys.Of("key1", 1)));
        Gen.Select(Gen.Char.AlphaNumeric.Array[0, 100], Gen.Int[0, 10_000], Gen.Int[0, 7]).Check(drawn =>
        {
            var (text, place, bit) = drawn;
            var value = Encoding.UTF8.GetBytes($"\"{new string(text)}\"");
            var stored = encryption.Seal(value, Place);

            var prefix = $"k8s:enc:{name}:v1:key1:";
            Assert.StartsWith(prefix, Encoding.Latin1.GetString(stored), StringComparison.Ordinal);
            Assert.NotEqual(stored, encryption.Seal(value, Place));
            Assert.Equal(value, encryption.Open(stored, Place).Value.ToArray());
            stored[prefix.Length + (place % (stored.Length - prefix.Length))] ^= (byte)(1 << bit);
            var damaged = encryption.Open(stored, Place);
            Assert.True(damaged.Problem is not null || scheme == EncryptionScheme.AesCbc);
            Assert.False(damaged.Problem is null && damaged.Value.Span.SequenceEqual(value));
        });
    }

    [Theory]
    [InlineData(EncryptionScheme.AesCbc, "AES")]
    [InlineData(EncryptionScheme.Secretbox, "Secretbox")]
    public void KeysOfOtherSchemesAreRotatedLikewise(EncryptionScheme scheme, string family)
    {
        var (old, next) = (Keys.Of("old", 1), Keys.Of("next", 2));
        var stored = Of(Provider(scheme, old)).Seal("{}"u8, Place);

        Assert.False(Of(Provider(scheme, old, next)).Open(stored, Place).IsStale);
        var moved = Of(Provider(scheme, next, old));
        Assert.True(moved.Open(stored, Place) is { IsStale: true, Problem: null });
        Assert.Equal(
            $"no matching key was found for the provided {family} transformer",
            Of(Provider(scheme, next)).Open(stored, Place).Problem);
        Assert.NotNull(Of(Provider(scheme, Keys.Of("old", 3))).Open(stored, Place).Problem);

        // to another scheme, as upstream's advice is
        var left = Of(Keys.AesGcm(next), Provider(scheme, old));
        Assert.True(left.Open(stored, Place) is { IsStale: true, Problem: null });
        Assert.True(left.Open(left.Seal("{}"u8, Place), Place) is { IsStale: false, Problem: null });
    }

    [Theory]
    [InlineData("k8s:enc:aescbc:v1:key1:short", "the stored data was shorter than the required size")]
    [InlineData("k8s:enc:aescbc:v1:key1:0123456789abcdef0", "the stored data is not a multiple of the block size")]
    [InlineData("k8s:enc:aescbc:v1:key1:0123456789abcdef", "invalid PKCS7 data (empty or not padded)")]
    [InlineData("k8s:enc:secretbox:v1:key1:short", "the stored data was shorter than the required size")]
    [InlineData(
        "k8s:enc:secretbox:v1:key1:0123456789abcdef0123456789abcdef0123456789abcdef",
        "output array was not large enough for encryption")]
    public void WhatIsDamagedIsTold(string stored, string problem)
    {
        var key = Keys.Of("key1", 1);
        var encryption = Of(Provider(EncryptionScheme.AesCbc, key), Provider(EncryptionScheme.Secretbox, key));
        Assert.Equal(problem, encryption.Open(Encoding.ASCII.GetBytes(stored), Place).Problem);
    }

    /// <summary>Padding that fits by chance does not make a value of what another key has written.</summary>
    [Fact]
    public void ValuesOfCbcAreJson()
    {
        var encryption = Of(Provider(EncryptionScheme.AesCbc, Keys.Of("key1", 1)));
        Assert.Equal(
            "the decrypted data is not JSON", encryption.Open(encryption.Seal("\u0001{"u8, Place), Place).Problem);
    }

    private static ProviderKeys Provider(EncryptionScheme scheme, params EncryptionKey[] keys) => new(scheme, keys);

    private static ResourceEncryption Of(params ProviderKeys?[] providers) =>
        Keys.ForSecrets(providers).Find(new("", "secrets"))!;

    private static ResourceEncryption Of(params EncryptionKey[]?[] providers) =>
        Keys.ForSecrets(providers).Find(new("", "secrets"))!;
}
