using System.Security.Cryptography;
using System.Text;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Grains.Encryption.Kms;
using OrleansOrchestrator.Grains.Encryption.Kms.V2;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Encryption;

/// <summary>Values by a plugin that works, fails, rotates and comes back.</summary>
public sealed class KmsProviderTests : IAsyncLifetime
{
    private const string Prefix = "k8s:enc:kms:v2:vault:";

    private static readonly byte[] Place = "/registry/secrets/shop/token"u8.ToArray();
    private static readonly byte[] Value = """{"data":{"a":"b"}}"""u8.ToArray();
    private static readonly ResourceName Secrets = new("", "secrets");

    private readonly ManualTime _time = new();
    private readonly List<EncryptionConfiguration> _silos = [];
    private FakeKms _kms = null!;

    public async ValueTask InitializeAsync() => _kms = await FakeKms.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _silos.ForEach(static s => s.Dispose());
        await _kms.DisposeAsync();
    }

    [Fact]
    public async Task ValuesAreStoredInUpstreamsForm()
    {
        var silo = Silo();
        Assert.Null(await silo.CheckPluginsAsync(default));
        var stored = silo.Find(Secrets)!.Seal(Value, Place);

        Assert.StartsWith(Prefix, Encoding.ASCII.GetString(stored), StringComparison.Ordinal);
        var item = EncryptedObject.Parser.ParseFrom(stored.AsSpan(Prefix.Length));
        Assert.Equal(
            ("key-1", SourceType.ExtendedNonceSeed, "yes"),
            (item.KeyId, item.Type, item.Annotations["test.example.com"].ToStringUtf8()));

        // The key of the value: HKDF's first block of the seed, by 32 random bytes before it.
        var data = item.Data.ToByteArray();
        var seed = item.Source.ToByteArray().Zip(SHA256.HashData("key-1"u8), static (a, b) => (byte)(a ^ b)).ToArray();
        var key = HMACSHA256.HashData(seed, (byte[])[.. data[..32], 1]);
        var plain = new byte[data.Length - 60];
        using var cipher = new AesGcm(key, 16);
        cipher.Decrypt(
            data.AsSpan(32, 12), data.AsSpan(44, plain.Length), data.AsSpan(44 + plain.Length), plain, Place);
        Assert.Equal(Value, plain);
    }

    [Fact]
    public async Task AnotherSiloHasASeedDecryptedOnce()
    {
        var writer = Silo();
        await writer.CheckPluginsAsync(default);
        var stored = Enumerable.Range(0, 5).Select(_ => writer.Find(Secrets)!.Seal(Value, Place)).ToList();
        Assert.Equal(5, stored.Select(Convert.ToBase64String).Distinct().Count());
        var reader = Silo();
        foreach (var item in stored)
        {
            var opened = await OpenAsync(reader, item);
            Assert.Equal((null, false), (opened.Problem, opened.IsStale));
            Assert.Equal(Value, opened.Value.ToArray());
        }

        Assert.Single(_kms.Calls, static c => c == "Decrypt");
        var moved = stored[0];
        await reader.Find(Secrets)!.PrepareAsync(moved, default);
        Assert.Equal(
            "cipher: message authentication failed",
            reader.Find(Secrets)!.Open(moved, "/registry/secrets/shop/other"u8).Problem);
    }

    [Fact]
    public async Task AKeyThatChangesWritesFromThenOnAndWhatItWroteBeforeIsStale()
    {
        var silo = Silo();
        await silo.CheckPluginsAsync(default);
        var before = silo.Find(Secrets)!.Seal(Value, Place);
        _kms.KeyId = "key-2";
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(await silo.CheckPluginsAsync(default));
        var after = silo.Find(Secrets)!.Seal(Value, Place);

        Assert.Equal(1, silo.KeyChangesOf(Secrets));
        Assert.True((await OpenAsync(silo, before)).IsStale);
        Assert.False((await OpenAsync(silo, after)).IsStale);
        Assert.DoesNotContain("Decrypt", _kms.Calls);
        Assert.Equal("key-2", EncryptedObject.Parser.ParseFrom(after.AsSpan(Prefix.Length)).KeyId);
    }

    [Fact]
    public async Task APluginInTroubleIsDoneWithoutForThreeMinutes()
    {
        var silo = Silo();
        await silo.CheckPluginsAsync(default);
        var stored = silo.Find(Secrets)!.Seal(Value, Place);
        await _kms.StopAsync();
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.StartsWith(
            "kms-provider-0: failed to perform status section of the healthz check for KMS Provider vault, error: "
                + "rpc error: code = Unavailable desc = ",
            await silo.CheckPluginsAsync(default), StringComparison.Ordinal);
        silo.Find(Secrets)!.Seal(Value, Place);

        _time.Advance(TimeSpan.FromMinutes(2));
        var refused = Assert.Throws<StoreUnavailableException>(() => silo.Find(Secrets)!.Seal(Value, Place));
        Assert.Matches(
            "^encryptedDEKSource with keyID hash \"sha256:[0-9a-f]{64}\" expired at .+Z \\(current time is .+Z\\)$",
            refused.Refusal);
        Assert.Equal(Value, (await OpenAsync(silo, stored)).Value.ToArray());

        await _kms.ListenAsync();
        Assert.Null(await UntilWellAsync(silo));
        Assert.False((await OpenAsync(silo, silo.Find(Secrets)!.Seal(Value, Place))).IsStale);
        Assert.Single(_kms.Calls, static c => c == "Encrypt");
    }

    [Fact]
    public async Task WithoutAPluginNothingIsReadOrWrittenUntilItComes()
    {
        var before = Silo();
        await before.CheckPluginsAsync(default);
        var stored = before.Find(Secrets)!.Seal(Value, Place);
        await _kms.StopAsync();
        var silo = Silo();
        await silo.Find(Secrets)!.ReadyAsync(default);

        var write = Assert.Throws<StoreUnavailableException>(() => silo.Find(Secrets)!.Seal(Value, Place));
        Assert.Equal("got unexpected nil transformer", write.Refusal);
        var read = await Assert.ThrowsAsync<StoreUnavailableException>(() => OpenAsync(silo, stored));
        Assert.StartsWith(
            "failed to decrypt DEK, error: rpc error: code = Unavailable", read.Refusal, StringComparison.Ordinal);

        await _kms.ListenAsync();
        Assert.Null(await UntilWellAsync(silo));
        Assert.Equal(Value, (await OpenAsync(silo, stored)).Value.ToArray());
    }

    [Fact]
    public async Task AValueWhoseKeyIsGoneFailsAlone()
    {
        var silo = Silo();
        await silo.CheckPluginsAsync(default);
        var lost = silo.Find(Secrets)!.Seal(Value, Place);
        _kms.KeyId = "key-2";
        _kms.Lose("key-1");
        var after = Silo();
        await after.CheckPluginsAsync(default);

        Assert.Equal(
            "failed to decrypt DEK, error: rpc error: code = NotFound desc = refused by the test",
            (await OpenAsync(after, lost)).Problem);
        Assert.Null((await OpenAsync(after, after.Find(Secrets)!.Seal(Value, Place))).Problem);
        var encryption = after.Find(Secrets)!;
        Assert.Null(encryption.Disprove(silo.Find(Secrets)!.Prove(Place), Place));
    }

    [Fact]
    public async Task WhatPluginsSayOfThemselvesIsChecked()
    {
        _kms.Healthz = "broken";
        _kms.Version = "v3";
        Assert.Equal(
            "kms-provider-0: kmsv2 Provider vault is not healthy, error: [got unexpected healthz status: broken, "
                + "expected KMSv2 API version v2, got v3]",
            await Silo().CheckPluginsAsync(default));
        (_kms.Healthz, _kms.Version, _kms.KeyId) = ("ok", "v2", "");
        Assert.Equal(
            "kms-provider-0: kmsv2 Provider vault is not healthy, error: got invalid KMSv2 KeyID hash \"\": "
                + "keyID is empty",
            await Silo().CheckPluginsAsync(default));
        (_kms.KeyId, _kms.OtherKeyId) = ("key-1", "key-2");
        Assert.Matches(
            "failed to rotate DEK uid=\".+\", useSeed=true, errState=got unexpected nil transformer, errGen=<nil>, "
                + "statusKeyIDHash=\"sha256:.+\", encryptKeyIDHash=\"sha256:.+\", stateKeyIDHash=\"\", "
                + "expirationTimestamp=0001-01-01T00:00:00Z$",
            await Silo().CheckPluginsAsync(default));
        (_kms.OtherKeyId, _kms.Annotations) = (null, new Dictionary<string, string> { ["plain"] = "no" });
        Assert.Contains(
            "errGen=failed to validate annotations: annotations: Invalid value: \"plain\": should be a domain with at "
                + "least two segments separated by dots,",
            await Silo().CheckPluginsAsync(default), StringComparison.Ordinal);
        _kms.Annotations = new Dictionary<string, string> { ["a.example.com"] = new('x', 33 * 1024) };
        Assert.Contains(
            "failed to validate annotations: total size of annotations is 33805, which exceeds the max size of 32768",
            await Silo().CheckPluginsAsync(default), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "encrypted data is empty")]
    [InlineData("0A0161", "failed to validate encrypted DEK source: encrypted DEK source is empty")]
    [InlineData("0A01611A0162", "failed to validate key id: keyID is empty")]
    [InlineData("0A016112016B1A01622807", "unknown encryptedDEKSourceType: 7")]
    [InlineData("0AFF", "proto: cannot parse invalid wire-format data")]
    public async Task DamagedValuesAreRefusedBeforeThePluginIsAsked(string hex, string problem)
    {
        var silo = Silo();
        var opened = await OpenAsync(silo, [.. Encoding.ASCII.GetBytes(Prefix), .. Convert.FromHexString(hex)]);
        Assert.Equal(problem, opened.Problem);
        Assert.DoesNotContain("Decrypt", _kms.Calls);
    }

    [Fact]
    public void SeedsAreKeptForADayAndRefusalsForAMoment()
    {
        var cache = new SeedCache(_time);
        cache.Keep("good", new OpenedSeed(new AesGcmCipher(new byte[32]), null));
        cache.Keep("bad", new OpenedSeed(null, "gone"));
        _time.Advance(SeedCache.RefusalLife);
        Assert.NotNull(cache.Find("good"));
        Assert.Null(cache.Find("bad"));
        _time.Advance(SeedCache.SeedLife);
        Assert.Null(cache.Find("good"));
        for (var i = 0; i <= SeedCache.MaxSeeds; i++)
        {
            cache.Keep($"{i}", new OpenedSeed(null, "any"));
        }

        Assert.Null(cache.Find("0"));
        Assert.NotNull(cache.Find("1"));
    }

    private static async Task<OpenedValue> OpenAsync(EncryptionConfiguration silo, byte[] stored)
    {
        var encryption = silo.Find(Secrets)!;
        await encryption.PrepareAsync(stored, default);
        return encryption.Open(stored, Place);
    }

    /// <summary>The connection comes back in its own time.</summary>
    private async Task<string?> UntilWellAsync(EncryptionConfiguration silo)
    {
        string? problem = null;
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            problem = await silo.CheckPluginsAsync(default);
            if (problem is null)
            {
                break;
            }
        }

        return problem;
    }

    private EncryptionConfiguration Silo()
    {
        var silo = new EncryptionConfiguration(_time);
        silo.Add(["secrets"], [new KmsSettings("vault", _kms.Socket, TimeSpan.FromMinutes(1)), null]);
        _silos.Add(silo);
        return silo;
    }
}
