using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Discovery;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Discovery;

public sealed class DiscoveryDocumentsTests
{
    private static readonly DiscoveryDocuments Documents = new(BuiltInResources.Table);

    [Fact]
    public void VersionsAreOrderedLikeUpstreams()
    {
        string[] versions = ["foo1", "v1beta1", "v2", "v11alpha2", "v1", "v10", "v3beta1", "v12alpha1", "foo10"];
        string[] expected = ["v10", "v2", "v1", "v3beta1", "v1beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"];
        Assert.Equal(expected, versions.Order(KubeVersion.BestFirst));
    }

    [Fact]
    public void StorageVersionHashIsUpstreams() =>
        Assert.Equal(
            "xPOwRZ+Yhw8=", DiscoveryDocuments.StorageVersionHash(BuiltInResources.Table.Find(WellKnown.Pods)!));

    [Fact]
    public void GroupsStandInUpstreamsOrder()
    {
        var groups = Parse(Documents.Find("/apis")!)["groups"]!.AsArray().Select(g => (string)g!["name"]!);
        Assert.Equal(
            [
                "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io",
                "autoscaling", "batch", "certificates.k8s.io", "networking.k8s.io", "policy",
                "rbac.authorization.k8s.io", "storage.k8s.io", "admissionregistration.k8s.io", "apiextensions.k8s.io",
                "scheduling.k8s.io",
                "coordination.k8s.io", "node.k8s.io", "discovery.k8s.io", "resource.k8s.io",
                "flowcontrol.apiserver.k8s.io",
            ],
            groups);
    }

    [Fact]
    public void SubresourcesFollowTheirResource()
    {
        var names = Parse(Documents.Find("/apis/apps/v1")!)["resources"]!.AsArray().Select(r => (string)r!["name"]!);
        Assert.Equal(
            [
                "controllerrevisions", "daemonsets", "daemonsets/status", "deployments", "deployments/scale",
                "deployments/status", "replicasets", "replicasets/scale", "replicasets/status", "statefulsets",
                "statefulsets/scale", "statefulsets/status",
            ],
            names);
    }

    [Fact]
    public void AggregatedFormHoldsTheSameResources()
    {
        var aggregated = Parse(Documents.CoreAggregated)["items"]![0]!["versions"]![0]!["resources"]!.AsArray()
            .SelectMany(r => (r!["subresources"]?.AsArray() ?? []).Select(s => $"{r["resource"]}/{s!["subresource"]}").Prepend((string)r["resource"]!));
        var plain = Parse(Documents.Find("/api/v1")!)["resources"]!.AsArray().Select(r => (string)r!["name"]!);
        Assert.Equal(plain, aggregated);
    }

    private static JsonNode Parse(DiscoveryDocument document) => JsonNode.Parse(document.Json)!;
}
