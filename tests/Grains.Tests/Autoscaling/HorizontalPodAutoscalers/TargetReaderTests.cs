using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Autoscaling.HorizontalPodAutoscalers;

/// <summary>Kinds of others whose definitions say where their size stands.</summary>
public sealed class TargetReaderTests
{
    private readonly World _world = new();

    [Fact]
    public async Task The_scale_of_a_custom_object_stands_where_its_definition_says()
    {
        Define(isScalable: true);
        AddPool();
        var target = await ReadAsync("example.com/v1", "Widget", "w");
        Assert.Equal((CustomKind.Widgets, ""), (target.Resource, target.Failure));
        Assert.Equal(new TargetScale(3, 2, "app=w"), target.Scale);
    }

    [Theory]
    [InlineData("example.com/v1", "Widget", "w", "the server could not find the requested resource")]
    [InlineData("example.com/v1", "Gadget", "w", "no matches for kind \"Gadget\" in group \"example.com\"")]
    [InlineData("a/b/c", "Widget", "w", "unexpected GroupVersion string: a/b/c")]
    [InlineData("apps/v1", "Deployment", "gone", "deployments.apps \"gone\" not found")]
    public async Task What_has_no_scale_is_said_to(string apiVersion, string kind, string name, string why)
    {
        Define(isScalable: false);
        AddPool();
        var target = await ReadAsync(apiVersion, kind, name);
        Assert.Null(target.Scale);
        Assert.Equal(why, target.Failure);
    }

    /// <summary>A budget asks the controller of its pods how many it wants, of whatever kind that is.</summary>
    [Fact]
    public async Task A_budget_counts_what_a_custom_controller_wants()
    {
        Define(isScalable: true);
        AddPool();
        foreach (var name in (string[])["a", "b"])
        {
            _world.AddPod(name, "n1");
            _world.Api.Change<V1Pod>("default", name, static p => p.Metadata.OwnerReferences =
            [
                new V1OwnerReference
                {
                    ApiVersion = "example.com/v1", Kind = "Widget", Name = "w", Uid = "uid-w", Controller = true,
                },
            ]);
        }

        var pods = _world.Api.All(WellKnown.Pods).Select(PodFacts.Of).ToList();
        var scale = await new ScaleFinder(_world.Api, _world.Services.Catalog).SumAsync(pods, CancellationToken.None);
        Assert.Equal((3, null, false), (scale.Sum, scale.Failure, scale.HasUnmanaged));
    }

    [Fact]
    public async Task A_custom_object_that_says_no_size_has_no_scale()
    {
        const string why = "Internal error occurred: the spec replicas field \".spec.size\" does not exist";
        Define(isScalable: true);
        AddPool(spec: "{}");
        var target = await ReadAsync("example.com/v1", "Widget", "w");
        Assert.Equal((null, why), (target.Scale, target.Failure));
    }

    private void Define(bool isScalable) => _world.Services.Catalog.Set(
        "test",
        [
            CustomKind.Of(CustomKind.Widgets, !isScalable ? null : new V1CustomResourceSubresourceScale
            {
                SpecReplicasPath = ".spec.size", StatusReplicasPath = ".status.size",
                LabelSelectorPath = ".status.selector",
            }),
        ]);

    private void AddPool(string spec = """{"size":3}""") => _world.Api.Put(
        CustomKind.Widgets,
        Encoding.UTF8.GetBytes($$"""
            {"apiVersion":"example.com/v1","kind":"Widget",
            "metadata":{"name":"w","namespace":"default","uid":"uid-w"},
            "status":{"size":2,"selector":"app=w"},
            "spec":{{spec}}
            }
            """));

    private Task<Target> ReadAsync(string apiVersion, string kind, string name) =>
        new TargetReader(_world.Api, _world.Services.Catalog).ReadAsync(
            "default",
            new V2CrossVersionObjectReference { ApiVersion = apiVersion, Kind = kind, Name = name },
            CancellationToken.None);
}
