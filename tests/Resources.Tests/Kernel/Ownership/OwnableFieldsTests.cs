using System.Text;
using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.Apps.Deployments;
using OrleansOrchestrator.Resources.Core.Namespaces;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.DynamicResources.Claims;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Storage.VolumeAttachments;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Ownership;

/// <summary>What a write of a subresource can come to own, where that is not all but the status or the spec.</summary>
public sealed class OwnableFieldsTests
{
    private const string Pod = """
        {"f:metadata":{"f:labels":{"f:a":{}},"f:ownerReferences":{},"f:deletionTimestamp":{}},
        "f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{"f:image":{},"f:resizePolicy":{},"f:resources":{"f:limits":{}}}},
        "f:ephemeralContainers":{"k:{\"name\":\"e\"}":{"f:image":{}}},
        "f:initContainers":{"k:{\"name\":\"i\"}":{"f:image":{},"f:resources":{}}}},"f:status":{"f:phase":{}}}
        """;

    private const string Plain =
        """{"f:metadata":{"f:annotations":{"f:a":{}},"f:labels":{"f:a":{}}},"f:spec":{"f:x":{}},"f:status":{"f:y":{}}}""";

    public static TheoryData<IResourceStrategy, string, string, string> Rows => new()
    {
        {
            new PodStrategy(), "resize", Pod,
            """
            {"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{"f:resizePolicy":{},"f:resources":{"f:limits":{}}}},
            "f:initContainers":{"k:{\"name\":\"i\"}":{"f:resources":{}}}}}
            """
        },
        {
            new PodStrategy(), "ephemeralcontainers", Pod,
            """{"f:spec":{"f:ephemeralContainers":{"k:{\"name\":\"e\"}":{"f:image":{}}}}}"""
        },
        { new PodStrategy(), "status", Pod, """{"f:metadata":{"f:labels":{"f:a":{}}},"f:status":{"f:phase":{}}}""" },
        {
            new NamespaceStrategy(), "finalize", Plain,
            """{"f:metadata":{"f:annotations":{"f:a":{}},"f:labels":{"f:a":{}}},"f:spec":{"f:x":{}}}"""
        },
        {
            new DeploymentStrategy(), "status", Plain,
            """{"f:metadata":{"f:annotations":{"f:a":{}}},"f:status":{"f:y":{}}}"""
        },
        { new VolumeAttachmentStrategy(), "status", Plain, """{"f:status":{"f:y":{}}}""" },
        { new ResourceClaimStrategy(), "status", Plain, """{"f:status":{"f:y":{}}}""" },
        {
            new DefinitionStrategy(), "status", Plain,
            """{"f:metadata":{"f:annotations":{"f:a":{}},"f:labels":{"f:a":{}}},"f:status":{"f:y":{}}}"""
        },
    };

    [Theory]
    [MemberData(nameof(Rows), DisableDiscoveryEnumeration = true)]
    public void What_the_subresource_resets_belongs_to_nobody_by_its_writes(
        IResourceStrategy strategy, string subresource, string changed, string owned) => Assert.Equal(
            Text(Read(owned)), Text(strategy.OwnableFields(subresource)!.Keep(Read(changed))));

    private static FieldSet Read(string json) => FieldsV1.Parse(Encoding.UTF8.GetBytes(json))!;

    private static string Text(FieldSet set) => Encoding.UTF8.GetString(FieldsV1.Of(set).Json);
}
