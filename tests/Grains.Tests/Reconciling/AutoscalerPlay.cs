using k8s.Models;
using OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>A target is below what its autoscaler allows, then above it.</summary>
internal sealed class AutoscalerPlay : CrashPlay
{
    private const int Most = 3;

    protected override int Acts => 2;

    protected override void SetUp()
    {
        World.AddDeployment("web", 1);
        World.Api.Seed(new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Name = "web-0", NamespaceProperty = "default",
                Labels = new Dictionary<string, string> { ["app"] = "web" },
            },
            Spec = Requesting(),
            Status = new V1PodStatus
            {
                Phase = "Running",
                StartTime = World.Time.GetUtcNow().UtcDateTime.AddHours(-1),
                Conditions = [new V1PodCondition { Type = "Ready", Status = "True" }],
            },
        });
        World.Api.Seed(new V2HorizontalPodAutoscaler
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
            Spec = new V2HorizontalPodAutoscalerSpec
            {
                ScaleTargetRef = new V2CrossVersionObjectReference
                {
                    ApiVersion = "apps/v1", Kind = "Deployment", Name = "web",
                },
                MinReplicas = Most,
                MaxReplicas = Most,
                Behavior = new V2HorizontalPodAutoscalerBehavior { ScaleUp = AtOnce(), ScaleDown = AtOnce() },
                Metrics =
                [
                    new V2MetricSpec
                    {
                        Type = "Resource",
                        Resource = new V2ResourceMetricSource
                        {
                            Name = "cpu",
                            Target = new V2MetricTarget { Type = "Utilization", AverageUtilization = 50 },
                        },
                    },
                ],
            },
        });
    }

    protected override void Change(int act)
    {
        if (act == 1)
        {
            World.Api.Change<V2HorizontalPodAutoscaler>(
                "default", "web", a => (a.Spec.MinReplicas, a.Spec.MaxReplicas) = (1, Most - 1));
        }
    }

    /// <summary>The first step of an activation waits for its turn.</summary>
    protected override void Step()
    {
        for (var i = 0; i < 2; i++)
        {
            World.Time.Advance(HorizontalPodAutoscalerReconciler.Period);
            World.Step<V2HorizontalPodAutoscaler>("web");
        }
    }

    protected override void LoseMemory() => World.LoseActivations();

    protected override void Check() =>
        Assert.InRange(World.Api.Find<V1Deployment>("default", "web")!.Spec.Replicas!.Value, 1, Most);

    /// <summary>What was recommended before is lost with the memory, and must not matter.</summary>
    private static V2HPAScalingRules AtOnce() => new() { StabilizationWindowSeconds = 0, SelectPolicy = "Max" };

    private static V1PodSpec Requesting()
    {
        var spec = World.Template("web").Spec;
        spec.Containers[0].Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = Quantity.Parse("100m").ToModel() },
        };
        return spec;
    }
}
