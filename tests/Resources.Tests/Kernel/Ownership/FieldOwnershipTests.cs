using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Ownership;

public sealed class FieldOwnershipTests
{
    private static readonly ObjectSchema Pod = BuiltInSchema.Find(new SchemaKind("", "v1", "Pod"))!;
    private static readonly DateTime Start = new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);

    private readonly FieldOwnership _ownership = new() { ApiVersion = "v1", Now = Start };
    private OwnedVersion _live = Version("{}");
    private ManagedFields _managed = ManagedFields.Empty;

    [Fact]
    public void WhoeverChangesAFieldTakesItFromItsOwner()
    {
        Update("a", """{"spec":{"nodeName":"x","hostname":"h"}}""");
        Update("b", """{"spec":{"nodeName":"y","hostname":"h"}}""");
        Assert.Equal(["a {\"f:spec\":{\".\":{},\"f:hostname\":{}}}", "b {\"f:spec\":{\"f:nodeName\":{}}}"], Owners());
    }

    [Fact]
    public void AWriteThatChangesNothingLeavesEntriesAsTheyStand()
    {
        Update("a", """{"spec":{"nodeName":"x"}}""");
        var before = _managed.Entries[0];
        Update("b", """{"spec":{"nodeName":"x"}}""");
        Assert.Same(before, Assert.Single(_managed.Entries));
    }

    [Fact]
    public void AConflictNamesTheOwnerAndEveryField()
    {
        Apply("a", """{"spec":{"nodeName":"x","hostname":"h"}}""");
        var refusal = Apply("b", """{"spec":{"nodeName":"y","hostname":"i"}}""")!;
        Assert.Equal(409, refusal.Code);
        Assert.Equal(
            "Apply failed with 2 conflicts: conflicts with \"a\":\n- .spec.hostname\n- .spec.nodeName",
            refusal.Message);
        Assert.Equal(
            [
                new StatusCause("FieldManagerConflict", "conflict with \"a\"", ".spec.hostname"),
                new StatusCause("FieldManagerConflict", "conflict with \"a\"", ".spec.nodeName"),
            ],
            refusal.Details!.Causes!);
    }

    [Fact]
    public void ForceTakesTheFieldAndSameValuesAreShared()
    {
        Apply("a", """{"spec":{"nodeName":"x","hostname":"h"}}""");
        Apply("b", """{"spec":{"nodeName":"y","hostname":"h"}}""", force: true);
        Assert.Equal(
            ["a {\"f:spec\":{\"f:hostname\":{}}}", "b {\"f:spec\":{\"f:hostname\":{},\"f:nodeName\":{}}}"], Owners());
    }

    [Fact]
    public void WhatIsNoLongerAppliedGoesUnlessSomebodyElseOwnsIt()
    {
        Apply("a", """{"spec":{"containers":[{"name":"x","image":"i"},{"name":"y","image":"j"}]}}""");
        Apply("b", """{"spec":{"containers":[{"name":"y"}]}}""");
        Apply("a", """{"spec":{}}""");
        Assert.Equal("""{"spec":{"containers":[{"name":"y"}]}}""", Encoding.UTF8.GetString(_live.Json.Span));
    }

    [Fact]
    public void OwnersInAVersionThatIsGoneAreForgotten()
    {
        _managed = _managed.With(new ManagedEntry(
            new FieldManager("old", false, "v0", ""), FieldsV1.Of(FieldSet.Of(["spec"])), Start));
        Update("a", """{"spec":{"nodeName":"x"}}""");
        Assert.Equal(["a"], _managed.Entries.Select(e => e.Owner.Name));
    }

    [Fact]
    public void WhatHasBecomeAtomicIsOwnedAsAWhole()
    {
        _managed = _managed.With(new ManagedEntry(
            new FieldManager("old", false, "v1", ""),
            FieldsV1.Of(FieldSet.Of(["spec", "nodeSelector", "a"], ["spec", "hostname"])),
            Start));
        Update("a", """{"spec":{"nodeName":"x"}}""");
        Assert.Equal(
            FieldSet.Of(["spec", "nodeSelector"], ["spec", "hostname"]),
            _managed.Entries.Single(e => e.Owner.Name == "old").Set);
    }

    [Fact]
    public void NobodyOwnsWhatAWriteResets()
    {
        var ownership = new FieldOwnership
        {
            ApiVersion = "v1", Now = Start, FilterOf = _ => FieldFilter.Without(FieldSet.Of(["status"])),
        };
        var next = Version("""{"spec":{"nodeName":"x"},"status":{"phase":"Running"}}""");
        Assert.Equal(
            FieldSet.Of(["spec"], ["spec", "nodeName"]),
            ownership.Update(_live, next, _managed, "a")!.Entries[0].Set);
    }

    [Fact]
    public void OnlyTheNamedPlacesCanBeOwned() => Assert.Equal(
        FieldsV1.Parse("""{"f:spec":{"f:list":{"k:{\"name\":\"a\"}":{".":{},"f:resources":{"f:limits":{}}}}}}"""u8),
        FieldFilter.Only(["spec", "list", null, "resources"]).Keep(FieldsV1.Parse(
            """{"f:spec":{"f:list":{"k:{\"name\":\"a\"}":{".":{},"f:image":{},"f:resources":{"f:limits":{}}}},"f:x":{}}}"""u8)!));

    [Fact]
    public void WhatAnObjectHadBeforeTheFirstApplyBelongsToAManagerOfItsOwn()
    {
        _live = Version("""{"spec":{"nodeName":"x"}}""");
        Apply("a", """{"spec":{"hostname":"h"}}""");
        Assert.Equal(
            [
                "a {\"f:spec\":{\"f:hostname\":{}}}",
                "before-first-apply {\"f:spec\":{\".\":{},\"f:nodeName\":{}}}",
            ],
            Owners());
    }

    private static OwnedVersion Version(string json) => new("v1", Pod, Encoding.UTF8.GetBytes(json));

    private void Update(string manager, string json)
    {
        var next = Version(json);
        _managed = _ownership.Update(_live, next, _managed, manager)!;
        _live = next;
    }

    private Status? Apply(string manager, string json, bool force = false)
    {
        using var applied = JsonDocument.Parse(json);
        var outcome = _ownership.Apply(new ApplyRequest
        {
            Live = _live, Empty = Version("{}"), Applied = applied.RootElement, AppliedName = "", Managed = _managed,
            Manager = manager, Force = force,
        });
        if (outcome.Succeeded)
        {
            _managed = outcome.Value.Managed;
            _live = outcome.Value.Json is { } next ? _live with { Json = next } : _live;
        }

        return outcome.Error;
    }

    private IEnumerable<string> Owners() => _managed.Encode()!
        .Select(e => $"{e.Manager} {Encoding.UTF8.GetString(((FieldsV1)e.FieldsV1).Json)}")
        .Order(StringComparer.Ordinal);
}
