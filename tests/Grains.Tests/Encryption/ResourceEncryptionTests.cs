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

    private static ResourceEncryption Of(params EncryptionKey[]?[] providers) =>
        Keys.ForSecrets(providers).Find(new("", "secrets"))!;
}
