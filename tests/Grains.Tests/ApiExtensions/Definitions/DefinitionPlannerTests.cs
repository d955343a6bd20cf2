using k8s.Models;
using OrleansOrchestrator.Grains.ApiExtensions.Definitions;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.ApiExtensions.Definitions;

public sealed class DefinitionPlannerTests
{
    private static readonly DateTime Now = new(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void FreeNamesAreAcceptedAndTheKindIsEstablishedOnce()
    {
        var item = Definition("boats", "Boat");
        Assert.True(Accept(item, [], Now));
        Assert.Equal(
            ["NamesAccepted=True NoConflicts", "Established=True InitialNamesAccepted"], Conditions(item));
        Assert.Equal("boats", item.Status.AcceptedNames.Plural);
        Assert.False(Accept(item, [], Now.AddHours(1)), "nothing more to write");
    }

    [Theory]
    [InlineData("boats", "Ship", "SingularConflict", "\"boat\" is already in use")]
    [InlineData("ships", "Boat", "ListKindConflict", "\"BoatList\" is already in use")]
    public void NamesOfAnotherAreRefused(string plural, string kind, string reason, string message)
    {
        var first = Definition("boats", "Boat");
        Accept(first, [], Now);
        var second = Definition(plural, kind);
        Accept(second, [DefinitionFacts.Of(first)], Now);
        Assert.Equal([$"NamesAccepted=False {reason}", "Established=False NotAccepted"], Conditions(second));
        Assert.Equal(message, DefinitionConditions.Find(second, DefinitionConditions.NamesAccepted)!.Message);
    }

    [Fact]
    public void AKindWhoseWebhookNobodyCouldTrustIsNotEstablishedUntilThatIsMended()
    {
        var item = Definition("boats", "Boat");
        var client = new Apiextensionsv1WebhookClientConfig
        {
            Url = "https://example.com", CaBundle = "Cg=="u8.ToArray(),
        };
        item.Spec.Conversion = new V1CustomResourceConversion
        {
            Strategy = "Webhook", Webhook = new V1WebhookConversion { ClientConfig = client },
        };
        Accept(item, [], Now);
        Assert.Equal(
            ["NamesAccepted=True NoConflicts", "Established=False InvalidCABundle"], Conditions(item));
        Assert.Equal(
            "The conversion webhook CABundle is invalid",
            DefinitionConditions.Find(item, DefinitionConditions.Established)!.Message);

        client.CaBundle = null;
        Assert.True(Accept(item, [], Now));
        Assert.Equal(
            ["NamesAccepted=True NoConflicts", "Established=True InitialNamesAccepted"], Conditions(item));
    }

    [Fact]
    public void AKindIsInstalledBeforeItIsServed()
    {
        var item = Definition("boats", "Boat");
        DefinitionPlanner.Accept(item, [], Now);
        Assert.Equal(["NamesAccepted=True NoConflicts", "Established=False Installing"], Conditions(item));
        Assert.Equal(
            "the initial names have been accepted",
            DefinitionConditions.Find(item, DefinitionConditions.Established)!.Message);
    }

    [Fact]
    public void WhoWasLateLetsGoOfItsNames()
    {
        var (first, second) = (Definition("boats", "Boat"), Definition("ships", "Boat"));
        DefinitionPlanner.Accept(first, [], Now);
        DefinitionPlanner.Accept(second, [], Now);
        Assert.True(DefinitionFacts.Of(first).IsAtOddsWith(DefinitionFacts.Of(second)));
        Assert.True(DefinitionPlanner.Withdraw(second, [DefinitionFacts.Of(first)], Now));
        Assert.Equal(
            ["NamesAccepted=False ListKindConflict", "Established=False NotAccepted"], Conditions(second));
        Assert.False(DefinitionFacts.Of(first).IsAtOddsWith(DefinitionFacts.Of(second)));
        Accept(first, [DefinitionFacts.Of(second)], Now);
        Assert.False(DefinitionPlanner.Withdraw(first, [], Now), "what is served stays so");
    }

    [Fact]
    public void AnEstablishedKindStaysSoWhateverItAsksForLater()
    {
        var (first, second) = (Definition("boats", "Boat"), Definition("ships", "Ship"));
        Accept(first, [], Now);
        Accept(second, [DefinitionFacts.Of(first)], Now);
        second.Spec.Names.ShortNames = ["boats"];
        Assert.True(Accept(second, [DefinitionFacts.Of(first)], Now));
        Assert.Equal(
            ["NamesAccepted=False ShortNamesConflict", "Established=True InitialNamesAccepted"], Conditions(second));
        Assert.Null(second.Status.AcceptedNames.ShortNames);
    }

    [Fact]
    public void WhatConcernsOthersIsReadOutOfAStoredOneOnce()
    {
        var item = Definition("boats", "Boat");
        Accept(item, [], Now);
        var stored = new ResourceObject(new ObjectKey("", "boats"), "uid", 1, ResourceCodec.Encode(item));
        var facts = DefinitionFacts.Of(stored);
        Assert.True(facts.HasItsNames);
        Assert.Equal(["boats", "boat"], facts.Resources);
        Assert.Equal(["Boat", "BoatList"], facts.Kinds);
        Assert.Equal(["v1"], facts.ServedVersions);
        Assert.Same(facts, DefinitionFacts.Of(stored));
    }

    [Fact]
    public void ANameIsTakenForTheDefinitionItselfToo()
    {
        var item = Definition("boats", "Boat");
        item.Spec.Names.ShortNames = ["bt"];
        Accept(item, [], Now);
        item.Spec.Names.Singular = "bt";
        Accept(item, [], Now);
        Assert.Equal(
            ["NamesAccepted=False SingularConflict", "Established=True InitialNamesAccepted"], Conditions(item));
        Assert.Equal("boat", item.Status.AcceptedNames.Singular);
    }

    [Fact]
    public void OtherGroupsHaveNamesOfTheirOwn()
    {
        var other = Definition("boats", "Boat", "other.example.com");
        Accept(other, [], Now);
        var item = Definition("boats", "Boat");
        Accept(item, [DefinitionFacts.Of(other)], Now);
        Assert.True(DefinitionConditions.IsTrue(item, DefinitionConditions.Established));
    }

    [Theory]
    [InlineData("boats.k8s.io", "https://github.com/kubernetes/kubernetes/pull/1", "True ApprovedAnnotation",
        "approved in https://github.com/kubernetes/kubernetes/pull/1")]
    [InlineData("k8s.io", "unapproved, a test", "False UnapprovedAnnotation", "not approved: \"unapproved, a test\"")]
    [InlineData("boats.kubernetes.io", "yes", "False InvalidAnnotation",
        "protected groups must have approval annotation \"api-approved.kubernetes.io\" with either a URL or a reason "
        + "starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111")]
    [InlineData("boats.kubernetes.io", null, "False MissingAnnotation",
        "protected groups must have approval annotation \"api-approved.kubernetes.io\", see "
        + "https://github.com/kubernetes/enhancements/pull/1111")]
    public void GroupsOfTheCommunitySayWhetherTheyAreApproved(
        string group, string? annotation, string condition, string message)
    {
        var item = Definition("boats", "Boat", group);
        item.Metadata.Annotations = annotation is null
            ? null
            : new Dictionary<string, string> { ["api-approved.kubernetes.io"] = annotation };
        Accept(item, [], Now);
        Assert.Contains($"KubernetesAPIApprovalPolicyConformant={condition}", Conditions(item));
        Assert.Equal(message, DefinitionConditions.Find(item, DefinitionConditions.ApprovalPolicy)!.Message);
        Assert.True(
            DefinitionConditions.IsTrue(item, DefinitionConditions.Established), "approved or not, it is served");
    }

    [Fact]
    public void OtherGroupsNeedNoApproval()
    {
        var item = Definition("boats", "Boat", "notk8s.io");
        Accept(item, [], Now);
        Assert.Null(DefinitionConditions.Find(item, DefinitionConditions.ApprovalPolicy));
    }

    /// <summary>As when nobody else takes names meanwhile.</summary>
    private static bool Accept(
        V1CustomResourceDefinition item, IEnumerable<DefinitionFacts> others, DateTime now) =>
        DefinitionPlanner.Accept(item, others, now) | DefinitionPlanner.Establish(item, others, now);

    private static IEnumerable<string> Conditions(V1CustomResourceDefinition item) =>
        item.Status.Conditions.Select(c => $"{c.Type}={c.Status} {c.Reason}");

    private static V1CustomResourceDefinition Definition(
        string plural, string kind, string group = "harbour.example.com") => new()
    {
        Metadata = new V1ObjectMeta { Name = $"{plural}.{group}" },
        Spec = new V1CustomResourceDefinitionSpec
        {
            Group = group,
            Names = new V1CustomResourceDefinitionNames
            {
                Plural = plural, Singular = plural[..^1], Kind = kind, ListKind = $"{kind}List",
            },
            Versions = [new() { Name = "v1", Served = true, Storage = true }, new() { Name = "v0", Served = false }],
        },
    };
}
