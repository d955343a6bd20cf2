using k8s.Models;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Ownership;

public sealed class ManagedFieldsTests
{
    private static readonly DateTime Start = new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);

    [Theory]
    [InlineData("Bad", "v1", "FieldsV1", "operation must be `Apply` or `Update`")]
    [InlineData("Update", "", "FieldsV1", "apiVersion must not be empty")]
    [InlineData("Update", "v1", "", "missing fieldsType in managed fields entry 0")]
    [InlineData("Apply", "v1", "x", "invalid fieldsType \"x\" in managed fields entry 0")]
    public void AnEntryThatIsNoneIsRefused(string operation, string version, string type, string wanted)
    {
        var entry = new V1ManagedFieldsEntry { Operation = operation, ApiVersion = version, FieldsType = type };
        Assert.Null(ManagedFields.Decode([entry], out var error));
        Assert.Equal(wanted, error);
    }

    [Fact]
    public void AppliersComeFirstThenAgeCounts()
    {
        var managed = ManagedFields.Empty;
        foreach (var (name, apply, age) in
            new[] { ("u2", false, 1), ("a2", true, 2), ("u1", false, 1), ("a1", true, 1) })
        {
            managed = managed.With(Entry(name, apply, age, "x"));
        }

        Assert.Equal(["a1", "a2", "u1", "u2"], managed.Encode()!.Select(e => e.Manager));
    }

    /// <summary>What is taken is told apart from what would be, were all entries copied for each.</summary>
    [Fact]
    public void VeryManyUpdatesAreJoinedAtOnce()
    {
        const int Many = 10_000;
        V1ManagedFieldsEntry[] entries =
            [.. Enumerable.Range(0, Many).Select(static i => Entry($"u{i:00000}", false, i, $"f{i}").Encode())];
        var taken = GC.GetAllocatedBytesForCurrentThread();
        var managed = ManagedFields.Decode(entries, out _)!.Capped();
        taken = GC.GetAllocatedBytesForCurrentThread() - taken;

        Assert.Equal(10, managed.Entries.Length);
        var joined = managed.Entries.Single(static e => e.Owner.Name == "ancient-changes");
        Assert.Equal(Many - 9, joined.Set.Paths().Count());
        Assert.InRange(taken, 0, 200 * 1024 * 1024);
    }

    [Fact]
    public void TheOldestUpdatesAreJoinedBeyondTen()
    {
        var managed = ManagedFields.Empty;
        for (var i = 0; i < 12; i++)
        {
            managed = managed.With(Entry($"u{i:00}", isApply: false, i, $"f{i}")).Capped();
        }

        Assert.Equal(
            ["ancient-changes", .. Enumerable.Range(3, 9).Select(i => $"u{i:00}")],
            managed.Encode()!.Select(e => e.Manager));
        var joined = managed.Entries.Single(e => e.Owner.Name == "ancient-changes");
        Assert.Equal(FieldSet.Of(["f0"], ["f1"], ["f2"]), joined.Set);
        Assert.Equal(Start.AddSeconds(2), joined.Time);
    }

    [Fact]
    public void AnEmptyListOrEntryAsksToForgetAll()
    {
        Assert.True(ManagedFields.IsReset([]));
        Assert.True(ManagedFields.IsReset([new V1ManagedFieldsEntry()]));
        Assert.False(ManagedFields.IsReset(null));
        Assert.False(ManagedFields.IsReset([new V1ManagedFieldsEntry { Manager = "x" }]));
        Assert.False(ManagedFields.IsReset([new V1ManagedFieldsEntry(), new V1ManagedFieldsEntry()]));
    }

    [Fact]
    public void WhatAClientSendsIsBroughtToItsCanonicalForm()
    {
        var managed = ManagedFields.Decode(
            [
                new V1ManagedFieldsEntry
                {
                    Manager = "m", Operation = "Update", ApiVersion = "v1", FieldsType = "FieldsV1",
                    FieldsV1 = FieldsV1.Of("""{ "f:b": {}, "f:a": {".":{}} }"""u8.ToArray()),
                },
            ],
            out _)!;
        Assert.Equal("""{"f:a":{},"f:b":{}}""", System.Text.Encoding.UTF8.GetString(managed.Entries[0].Fields.Json));
    }

    private static ManagedEntry Entry(string name, bool isApply, int age, string field) => new(
        new FieldManager(name, isApply, "v1", ""), FieldsV1.Of(FieldSet.Of([field])), Start.AddSeconds(age));
}
