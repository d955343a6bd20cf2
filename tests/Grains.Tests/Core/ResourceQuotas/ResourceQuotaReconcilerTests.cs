using k8s.Models;
using OrleansOrchestrator.Grains.Core.ResourceQuotas;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.ResourceQuotas;

public sealed class ResourceQuotaReconcilerTests
{
    private readonly World _world = new();

    [Theory]
    [InlineData("pods", "3", "2")]
    [InlineData("count/pods", "9", "4")]
    [InlineData("requests.cpu", "2", "500m")]
    [InlineData("cpu", "2", "500m")]
    [InlineData("memory", "1Gi", "96Mi")]
    [InlineData("limits.memory", "1Gi", "0")]
    [InlineData("requests.example.com/gpu", "1", "0")]
    [InlineData("configmaps", "9", "2")]
    [InlineData("count/replicasets.apps", "9", "1")]
    [InlineData("services.nodeports", "9", "0")]
    public async Task What_there_is_is_counted(string name, string hard, string expected)
    {
        AddPod("a", "250m", "32Mi");
        AddPod("b", "250m", "64Mi");
        AddPod("done", "1", "1Gi", phase: "Succeeded");
        AddOverdue("gone");
        AddConfigMap("x", "default");
        AddConfigMap("y", "default");
        AddConfigMap("z", "elsewhere");
        _world.AddReplicaSet("web", 0);
        Assert.Equal(expected, (await CountAsync(name, hard)).Used[name].ToString());
    }

    [Theory]
    [InlineData("Terminating", "0")]
    [InlineData("NotTerminating", "2")]
    [InlineData("BestEffort", "1")]
    [InlineData("NotBestEffort", "1")]
    public async Task Only_pods_in_all_scopes_count(string scope, string expected)
    {
        AddPod("a", "250m", "32Mi");
        AddPod("b", null, null);
        Assert.Equal(expected, (await CountAsync("pods", "9", scope)).Used["pods"].ToString());
    }

    [Fact]
    public async Task Nobody_counts_what_no_resource_has()
    {
        var status = await CountAsync("count/things.example.com", "1");
        Assert.Empty(status.Used ?? new Dictionary<string, ResourceQuantity>());
        Assert.Equal("1", status.Hard["count/things.example.com"].ToString());
    }

    [Fact]
    public async Task A_wrong_number_is_corrected_and_a_right_one_left_alone()
    {
        AddPod("a", "250m", "32Mi");
        await CountAsync("pods", "5");
        _world.Api.Change<V1ResourceQuota>(
            "default", "q", q => q.Status.Used["pods"] = new ResourceQuantity("99"), "status");
        await StepAsync();
        Assert.Equal("1", Quota().Status.Used["pods"].ToString());
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);
    }

    private async Task<V1ResourceQuotaStatus> CountAsync(string name, string hard, params string[] scopes)
    {
        _world.Api.Seed(new V1ResourceQuota
        {
            Metadata = new V1ObjectMeta { Name = "q", NamespaceProperty = "default" },
            Spec = new V1ResourceQuotaSpec
            {
                Hard = new Dictionary<string, ResourceQuantity> { [name] = new ResourceQuantity(hard) },
                Scopes = scopes,
            },
        });
        await StepAsync();
        return Quota().Status;
    }

    private Task<Grains.Kernel.ReconcileResult> StepAsync() =>
        new ResourceQuotaReconciler(new ObjectKey("default", "q"), _world.Services).ReconcileAsync(default);

    private V1ResourceQuota Quota() => _world.Api.Find<V1ResourceQuota>("default", "q")!;

    private void AddConfigMap(string name, string inNamespace) => _world.Api.Seed(
        new V1ConfigMap { Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = inNamespace } });

    private void AddPod(string name, string? cpu, string? memory, string phase = "Running") =>
        _world.Api.Seed(NewPod(name, cpu, memory, phase));

    private void AddOverdue(string name)
    {
        var pod = NewPod(name, "1", "1Gi", "Running");
        pod.Metadata.DeletionTimestamp = _world.Time.GetUtcNow().UtcDateTime - TimeSpan.FromSeconds(31);
        pod.Metadata.DeletionGracePeriodSeconds = 30;
        _world.Api.Seed(pod);
    }

    private static V1Pod NewPod(string name, string? cpu, string? memory, string phase)
    {
        var requests = new Dictionary<string, ResourceQuantity>();
        if (cpu is not null && memory is not null)
        {
            requests["cpu"] = new ResourceQuantity(cpu);
            requests["memory"] = new ResourceQuantity(memory);
        }

        return new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1PodSpec
            {
                Containers =
                    [new V1Container { Name = "c", Resources = new V1ResourceRequirements { Requests = requests } }],
            },
            Status = new V1PodStatus { Phase = phase },
        };
    }
}
