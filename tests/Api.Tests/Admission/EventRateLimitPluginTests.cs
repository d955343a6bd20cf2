using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

/// <summary>So many Events at once, so many a second, counted by what each limit says.</summary>
public sealed class EventRateLimitPluginTests
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData("Server", "", "a b")]
    [InlineData("Namespace", "n1", "n1/a n1/b")]
    [InlineData("User", "jane", "n1/a n2/b")]
    [InlineData("SourceAndObject", "kubeletPodn1av1", "n1/a n1/a")]
    public async Task A_limit_counts_what_its_type_says(string type, string key, string events)
    {
        var plugin = Plugin(new EventRateLimit(type, Qps: 1, Burst: 1, CacheSize: 0));
        var (first, second) = (Write(events.Split(' ')[0]), Write(events.Split(' ')[1]));

        Assert.Null(await plugin.ValidateAsync(first, CancellationToken.None));
        var refusal = await plugin.ValidateAsync(second, CancellationToken.None);

        Assert.Equal(429, refusal!.Code);
        Assert.Equal("TooManyRequests", refusal.Reason);
        Assert.Equal($"Too many requests: limit reached on type {type} for key {key}", refusal.Message);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await plugin.ValidateAsync(second, CancellationToken.None));
    }

    /// <summary>Others do not suffer, as long as it is known who they are.</summary>
    [Fact]
    public async Task Others_have_their_own()
    {
        var plugin = Plugin(new EventRateLimit("Namespace", Qps: 1, Burst: 2, CacheSize: 2));
        foreach (var name in new[] { "a/x", "a/x", "b/x", "b/x" })
        {
            Assert.Null(await plugin.ValidateAsync(Write(name), CancellationToken.None));
        }

        Assert.NotNull(await plugin.ValidateAsync(Write("a/x"), CancellationToken.None));
        Assert.Null(await plugin.ValidateAsync(Write("c/x"), CancellationToken.None));

        // Three are more than are remembered: b, of which nobody heard for the longest, begins anew.
        Assert.Null(await plugin.ValidateAsync(Write("b/x"), CancellationToken.None));
    }

    [Fact]
    public async Task All_limits_that_are_reached_are_told()
    {
        var plugin = Plugin(new("Server", 1, 1, 0), new("Namespace", 1, 2, 0), new("User", 1, 1, 0));
        Assert.Null(await plugin.ValidateAsync(Write("a/x"), CancellationToken.None));

        var refusal = await plugin.ValidateAsync(Write("a/x"), CancellationToken.None);

        Assert.Equal(
            "Too many requests: [limit reached on type Server for key , limit reached on type User for key jane]",
            refusal!.Message);
    }

    [Fact]
    public void It_looks_at_writes_of_events_only()
    {
        var plugin = Plugin(new EventRateLimit("Server", 1, 1, 0));

        Assert.True(plugin.Handles(Write("a/x")));
        Assert.False(plugin.Handles(Write("a/x", isDryRun: true)));
        Assert.False(plugin.Handles(Write("a/x", AdmissionOperation.Delete)));
        Assert.False(plugin.Handles(Write("a/x", resource: WellKnown.Pods)));
    }

    private EventRateLimitPlugin Plugin(params EventRateLimit[] limits) => new(new EventRateLimits(limits), _time);

    private static AdmissionAttributes Write(
        string name, AdmissionOperation operation = AdmissionOperation.Create, ResourceName? resource = null,
        bool isDryRun = false)
    {
        var parts = name.Split('/');
        var key = parts.Length == 1 ? new ObjectKey("", parts[0]) : new ObjectKey(parts[0], parts[1]);
        return new AdmissionAttributes
        {
            Operation = operation,
            Definition = BuiltInResources.Table.Find(resource ?? WellKnown.Events)!,
            Key = key,
            User = new UserIdentity { Name = "jane" },
            DryRun = isDryRun,
            Warnings = [],
            Object = new Corev1Event
            {
                Source = new V1EventSource { Component = "kubelet" },
                InvolvedObject = new V1ObjectReference
                {
                    Kind = "Pod", NamespaceProperty = key.Namespace, Name = key.Name, ApiVersion = "v1",
                },
            },
        };
    }
}
