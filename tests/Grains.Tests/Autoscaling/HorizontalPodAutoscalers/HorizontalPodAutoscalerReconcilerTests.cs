using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Autoscaling.HorizontalPodAutoscalers;

public sealed class HorizontalPodAutoscalerReconcilerTests
{
    private readonly World _world = new();

    [Fact]
    public void A_target_written_meanwhile_is_resized_all_the_same()
    {
        _world.AddDeployment("web", 1);
        AddAutoscaler();
        _world.Apis.Discovered = new AggregatedDiscovery(["external.metrics.k8s.io/v1beta1"], [], []);
        _world.Apis.Answer = _ =>
        {
            _world.Api.Change<V1Deployment>("default", "web", static d => d.Spec.Paused = true);
            return (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes("{\"items\":[{\"value\":\"30\"}]}");
        };
        _world.Step<V2HorizontalPodAutoscaler>("web");
        _world.Time.Advance(HorizontalPodAutoscalerReconciler.Period);
        _world.Step<V2HorizontalPodAutoscaler>("web");
        var spec = _world.Api.Find<V1Deployment>("default", "web")!.Spec;
        Assert.Equal(3, spec.Replicas);
        Assert.True(spec.Paused);
    }

    private void AddAutoscaler() => _world.Api.Seed(new V2HorizontalPodAutoscaler
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V2HorizontalPodAutoscalerSpec
        {
            ScaleTargetRef = new V2CrossVersionObjectReference
            {
                ApiVersion = "apps/v1", Kind = "Deployment", Name = "web",
            },
            MinReplicas = 1,
            MaxReplicas = 5,
            Metrics =
            [
                new V2MetricSpec
                {
                    Type = "External",
                    External = new V2ExternalMetricSource
                    {
                        Metric = new V2MetricIdentifier { Name = "jobs" },
                        Target = new V2MetricTarget
                        {
                            Type = "AverageValue", AverageValue = Quantity.Parse("10").ToModel(),
                        },
                    },
                },
            ],
        },
    });
}
