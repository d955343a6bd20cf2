using k8s.Models;
using OrleansOrchestrator.Grains.Discovery;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Discovery;

public sealed class MirrorPlannerTests
{
    [Fact]
    public void Each_family_and_set_of_ports_has_one_slice()
    {
        var plan = MirrorPlanner.Compute(
            Endpoints(
                Subset(80, ["10.0.0.1", "2001:db8::1"], ["10.0.0.2"]), Subset(80, ["10.0.0.3", "10.0.0.1"]),
                Subset(81, ["10.0.0.1"])),
            []);
        Assert.Equal(
            [
                "IPv4:80 10.0.0.1+,10.0.0.3+,10.0.0.2-", "IPv6:80 2001:db8::1+", "IPv4:81 10.0.0.1+",
            ],
            plan.Slices.Create.Select(Show));
        var labels = plan.Slices.Create[0].Metadata.Labels;
        Assert.Equal(
            [
                "app=web", "endpointslice.kubernetes.io/managed-by=endpointslicemirroring-controller.k8s.io",
                "kubernetes.io/service-name=web",
            ],
            labels.Select(l => $"{l.Key}={l.Value}").Order(StringComparer.Ordinal));
        Assert.Equal(["note"], plan.Slices.Create[0].Metadata.Annotations.Keys);
        Assert.Equal(3, plan.Slices.Create.Select(s => s.Metadata.Name).Distinct().Count());
        Assert.Empty(plan.Notes);
    }

    [Fact]
    public void Ports_of_the_same_addresses_share_a_slice()
    {
        var plan = MirrorPlanner.Compute(Endpoints(Subset(80, ["10.0.0.1"]), Subset(81, ["10.0.0.1"])), []);
        Assert.Equal([80, 81], Assert.Single(plan.Slices.Create).Ports.Select(p => p.Port));
    }

    [Fact]
    public void What_is_right_is_left_alone_and_what_would_go_is_made_into_what_would_come()
    {
        var before = MirrorPlanner.Compute(Endpoints(Subset(80, ["10.0.0.1"])), []).Slices.Create;
        Assert.Equal((0, 0, 0), Count(MirrorPlanner.Compute(Endpoints(Subset(80, ["10.0.0.1"])), before)));

        var changed = MirrorPlanner.Compute(Endpoints(Subset(81, ["10.0.0.1"])), before);
        Assert.Equal((0, 1, 0), Count(changed));
        Assert.Equal(before[0].Metadata.Name, changed.Slices.Update[0].Metadata.Name);
        Assert.Equal((1, 0, 1), Count(MirrorPlanner.Compute(Endpoints(Subset(80, ["2001:db8::1"])), before)));
        Assert.Equal((0, 0, 1), Count(MirrorPlanner.Compute(Endpoints(), before)));

        var labelled = Endpoints(Subset(80, ["10.0.0.1"]));
        labelled.Metadata.Labels["more"] = "x";
        Assert.Equal((0, 1, 0), Count(MirrorPlanner.Compute(labelled, before)));
    }

    [Fact]
    public void Another_order_of_the_addresses_changes_nothing()
    {
        var before = MirrorPlanner.Compute(Endpoints(Subset(80, ["10.0.0.1", "10.0.0.2"], ["10.0.0.3"])), [])
            .Slices.Create;
        var turned = Endpoints(Subset(80, ["10.0.0.2", "10.0.0.1"], ["10.0.0.3"]));
        Assert.Equal((0, 0, 0), Count(MirrorPlanner.Compute(turned, before)));
        var changed = Endpoints(Subset(80, ["10.0.0.2", "10.0.0.3"], ["10.0.0.1"]));
        Assert.Equal((0, 1, 0), Count(MirrorPlanner.Compute(changed, before)));
    }

    [Fact]
    public void Endpoints_that_go_slowly_get_no_new_slices()
    {
        var before = MirrorPlanner.Compute(Endpoints(Subset(80, ["10.0.0.1"])), []).Slices.Create;
        var going = Endpoints(Subset(80, ["10.0.0.2"]), Subset(81, ["10.0.0.2"]));
        going.Metadata.DeletionTimestamp = DateTime.UnixEpoch;
        Assert.Equal((0, 1, 0), Count(MirrorPlanner.Compute(going, before)));
    }

    [Theory]
    [InlineData("label")]
    [InlineData("leader")]
    [InlineData("gone")]
    public void What_is_not_to_be_mirrored_has_no_slices(string why)
    {
        var endpoints = Endpoints(Subset(80, ["10.0.0.1"]));
        var before = MirrorPlanner.Compute(endpoints, []).Slices.Create;
        if (why == "label")
        {
            endpoints.Metadata.Labels["endpointslice.kubernetes.io/skip-mirror"] = "true";
        }
        else
        {
            endpoints.Metadata.Annotations["control-plane.alpha.kubernetes.io/leader"] = "{}";
        }

        Assert.Equal((0, 0, 1), Count(MirrorPlanner.Compute(why == "gone" ? null : endpoints, before)));
    }

    [Fact]
    public void Addresses_beyond_a_thousand_of_a_subset_are_left_out_and_told_of()
    {
        var many = Enumerable.Range(0, 1_005).Select(i => $"10.0.{i / 250}.{i % 250}").ToArray();
        var plan = MirrorPlanner.Compute(Endpoints(Subset(80, many), Subset(81, ["nonsense", "10.0.0.1"])), []);
        Assert.Equal([1_000, 1], plan.Slices.Create.Select(s => s.Endpoints.Count));
        Assert.Equal(
            [
                "InvalidIPAddress Skipped 1 invalid IP addresses when mirroring to EndpointSlices",
                "TooManyAddressesToMirror A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 6 addresses were skipped",
            ],
            plan.Notes.Select(n => $"{n.Reason} {n.Message}"));
    }

    [Fact]
    public void Many_ports_of_many_addresses_take_the_room_of_their_sum()
    {
        const int many = 1_000;
        var subset = Subset(1, [.. Enumerable.Range(0, many).Select(i => $"10.0.{i / 250}.{i % 250}")]);
        subset.Ports =
            [.. Enumerable.Range(1, many).Select(p => new Corev1EndpointPort { Port = p, Protocol = "TCP" })];
        var endpoints = Endpoints(subset);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var plan = MirrorPlanner.Compute(endpoints, []);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, many * 2 * 4096);
        var slice = Assert.Single(plan.Slices.Create);
        Assert.Equal((many, many), (slice.Ports.Count, slice.Endpoints.Count));
    }

    private static V1Endpoints Endpoints(params V1EndpointSubset[] subsets) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "web", NamespaceProperty = "default", Uid = "uid",
            Labels = new Dictionary<string, string> { ["app"] = "web" },
            Annotations = new Dictionary<string, string>
            {
                ["note"] = "x", ["endpoints.kubernetes.io/last-change-trigger-time"] = "now",
                ["kubectl.kubernetes.io/last-applied-configuration"] = "{}",
            },
        },
        Subsets = [.. subsets],
    };

    private static V1EndpointSubset Subset(int port, string[] ready, string[]? notReady = null) => new()
    {
        Addresses = [.. ready.Select(a => new V1EndpointAddress { Ip = a })],
        NotReadyAddresses = [.. (notReady ?? []).Select(a => new V1EndpointAddress { Ip = a })],
        Ports = [new Corev1EndpointPort { Port = port, Protocol = "TCP" }],
    };

    private static string Show(V1EndpointSlice slice) =>
        $"{slice.AddressType}:{slice.Ports[0].Port} " +
        string.Join(',', slice.Endpoints.Select(e => e.Addresses[0] + (e.Conditions.Ready == true ? "+" : "-")));

    private static (int, int, int) Count(MirrorPlan plan) =>
        (plan.Slices.Create.Count, plan.Slices.Update.Count, plan.Slices.Delete.Count);
}
