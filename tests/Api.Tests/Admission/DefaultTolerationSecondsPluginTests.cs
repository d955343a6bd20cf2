using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

/// <summary>For how long pods stay on nodes that are not well.</summary>
public sealed class DefaultTolerationSecondsPluginTests
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";

    [Fact]
    public async Task It_is_five_minutes_unless_the_server_is_told_otherwise()
    {
        Assert.Equal([(NotReady, 300), (Unreachable, 300)], await AdmitAsync(new DefaultTolerations()));
        Assert.Equal(
            [(NotReady, 30), (Unreachable, 0)],
            await AdmitAsync(new DefaultTolerations { NotReady = 30, Unreachable = 0 }));
    }

    [Theory]
    [InlineData(NotReady, null, NotReady, Unreachable)]
    [InlineData(NotReady, "NoExecute", NotReady, Unreachable)]
    [InlineData(NotReady, "NoSchedule", NotReady, NotReady, Unreachable)]
    [InlineData(null, null, "")]
    [InlineData("other", null, "other", NotReady, Unreachable)]
    public async Task What_a_pod_says_itself_counts(string? key, string? effect, params string[] expected)
    {
        var own = new V1Toleration { Key = key, OperatorProperty = "Exists", Effect = effect };

        var tolerated = await AdmitAsync(new DefaultTolerations(), own);

        Assert.Equal(expected, tolerated.Select(static t => t.Taint));
    }

    private static async Task<List<(string Taint, long? Seconds)>> AdmitAsync(
        DefaultTolerations seconds, params V1Toleration[] own)
    {
        var pod = new V1Pod { Metadata = new V1ObjectMeta(), Spec = new V1PodSpec { Tolerations = [.. own] } };
        var plugin = new DefaultTolerationSecondsPlugin(seconds);
        var attributes = new AdmissionAttributes
        {
            Operation = AdmissionOperation.Create,
            Definition = BuiltInResources.Table.Find(WellKnown.Pods)!,
            Key = new ObjectKey("default", "p"),
            User = new UserIdentity { Name = "jane" },
            Warnings = [],
            Object = pod,
        };
        Assert.True(plugin.Handles(attributes));
        Assert.Null(await plugin.MutateAsync(attributes, CancellationToken.None));
        return [.. pod.Spec.Tolerations.Select(static t => (t.Key ?? "", t.TolerationSeconds))];
    }
}
