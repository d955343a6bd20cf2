using OrleansOrchestrator.Grains.Encryption.Kms;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Encryption.Kms;

/// <summary>What is counted of keys, as long as it is one of the last hundred.</summary>
public sealed class KeyUsesTests
{
    [Fact]
    public void UsesAreCountedByTheHashOfTheKey()
    {
        var uses = new KeyUses();
        uses.Note(new KeyUses.Key("to_storage", "vault", "key-1"), DateTimeOffset.UnixEpoch);
        uses.Note(new KeyUses.Key("to_storage", "vault", "key-1"), DateTimeOffset.UnixEpoch.AddSeconds(1.5));

        var count = Assert.Single(uses.Measure(static u => u.Count));
        Assert.Equal(2, count.Value);
        Assert.Equal(1.5, Assert.Single(uses.Measure(static u => u.Last)).Value);
        Assert.Equal(
            [
                new("transformation_type", "to_storage"), new("provider_name", "vault"),
                new KeyValuePair<string, object?>("key_id_hash", KmsRules.HashOf("key-1")),
            ],
            count.Tags.ToArray());
    }

    [Fact]
    public void WhatWasUsedLongestAgoIsForgotten()
    {
        var uses = new KeyUses();
        for (var i = 0; i <= KeyUses.MaxKeys; i++)
        {
            uses.Note(new KeyUses.Key(null, "vault", $"key-{i}"), DateTimeOffset.UnixEpoch);
            uses.Note(new KeyUses.Key(null, "vault", "kept"), DateTimeOffset.UnixEpoch);
        }

        var hashes = uses.Measure(static u => u.Count).Select(static m => m.Tags[1].Value).ToList();
        Assert.Equal(KeyUses.MaxKeys, hashes.Count);
        Assert.Contains(KmsRules.HashOf("kept"), hashes);
        Assert.DoesNotContain(KmsRules.HashOf("key-0"), hashes);
    }
}
