using System.Globalization;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Network;
using OrleansOrchestrator.NodeAgent.Proxy;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Proxy;

/// <summary>From a change of pods until the rules follow it, as slices tell of it.</summary>
public sealed class ProgrammingTimesTests
{
    private static readonly (string Namespace, string Name) Web = ("shop", "web");

    private readonly ManualTime _time = new();
    private readonly KubeletMeters _meters = new();
    private readonly ServiceDirectory _services;
    private readonly ProgrammingTimes _times;
    private int _version;

    public ProgrammingTimesTests()
    {
        _services = new ServiceDirectory(null!, _time, NullLogger<ServiceDirectory>.Instance);
        _times = new ProgrammingTimes(_meters, _time);
        _services.SliceChanged += _times.Note;
    }

    [Fact]
    public void A_change_counts_from_when_it_happened_until_it_is_programmed()
    {
        _time.Now += TimeSpan.FromSeconds(10);
        Change(Slice("web-1", ago: 2));
        Change(Slice("web-2", ago: 1));
        Change(Slice("other-1", ago: 1, service: "other"));
        var taken = _times.Take([Web]);
        _time.Now += TimeSpan.FromSeconds(3);
        _times.Programmed(taken);
        Holds(
            """kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="4"} 1""",
            """kubeproxy_network_programming_duration_seconds_sum{ip_family="IPv4"} 9""",
            """kubeproxy_network_programming_duration_seconds_count{ip_family="IPv4"} 2""");
        Assert.Empty(_times.Take([Web]));
        Assert.Single(_times.Take([("shop", "other")]));
    }

    [Fact]
    public void What_says_nothing_new_or_of_before_is_not_measured()
    {
        Change(Slice("before", ago: 1));
        _time.Now += TimeSpan.FromSeconds(10);
        var slice = Slice("web-1", ago: 1);
        Change(slice);
        Assert.Single(_times.Take([Web]));
        Change(slice);
        _services.ReplaceSlices([slice]);
        Change(Slice("silent", ago: null));
        var odd = Slice("odd", ago: 1);
        odd.Metadata.Annotations["endpoints.kubernetes.io/last-change-trigger-time"] = "yesterday";
        Change(odd);
        var named = Slice("named", ago: 1);
        named.AddressType = "FQDN";
        Change(named);
        Assert.Empty(_times.Take([Web]));
    }

    /// <summary>A list that was read anew tells of what came meanwhile, and a slice that goes of nothing.</summary>
    [Fact]
    public void What_a_new_list_brings_counts_and_what_goes_does_not()
    {
        _time.Now += TimeSpan.FromSeconds(10);
        var slice = Slice("web-1", ago: 1);
        _services.ReplaceSlices([slice]);
        _services.ChangeSlice(WatchEventType.Deleted, slice);
        Assert.Empty(_times.Take([Web]));
        _services.ReplaceSlices([Slice("web-1", ago: 1)]);
        Assert.Single(_times.Take([Web]));
    }

    /// <summary>What it was to be measured by has gone with it, and what came instead counts.</summary>
    [Fact]
    public void What_a_new_list_does_not_have_any_more_does_not_count()
    {
        _time.Now += TimeSpan.FromSeconds(10);
        Change(Slice("web-1", ago: 3));
        Change(Slice("other-1", ago: 3, service: "other"));
        var told = new List<string>();
        _services.SliceChanged += (_, slice, isGone) => told.Add($"{slice.Metadata.Name} {isGone}");

        _services.ReplaceSlices([Slice("web-2", ago: 1)]);

        Assert.Equal(["other-1 True", "web-1 True", "web-2 False"], told.Order(StringComparer.Ordinal));
        Assert.Equal(_time.Now.AddSeconds(-1), Assert.Single(_times.Take([Web])).At);
        Assert.Empty(_times.Take([("shop", "other")]));
    }

    [Fact]
    public void What_waits_is_bounded()
    {
        _time.Now += TimeSpan.FromSeconds(10);
        for (var i = 0; i < 5000; i++)
        {
            Change(Slice("web-1", ago: 1));
        }

        Assert.Equal(4096, _times.Take([Web]).Count);
    }

    private void Change(V1EndpointSlice slice) => _services.ChangeSlice(WatchEventType.Modified, slice);

    private void Holds(params string[] expected)
    {
        var text = new MetricsText();
        _meters.Write(text);
        var lines = text.ToString().Split('\n');
        Assert.All(expected, e => Assert.Contains(e, lines));
    }

    private V1EndpointSlice Slice(string name, int? ago, string service = "web") => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            NamespaceProperty = "shop",
            ResourceVersion = $"{++_version}",
            Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service },
            Annotations = ago is not { } seconds ? null : new Dictionary<string, string>
            {
                ["endpoints.kubernetes.io/last-change-trigger-time"] =
                    _time.Now.AddSeconds(-seconds).UtcDateTime.ToString("o", CultureInfo.InvariantCulture),
            },
        },
        AddressType = "IPv4",
    };
}
