using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Networking.IpAddresses;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Networking.IpAddresses;

public sealed class IpAddressPlannerTests
{
    private static readonly Gen<ObjectKey?> Holders = Gen.OneOf("", "a", "b").Select(
        static n => n.Length == 0 ? (ObjectKey?)null : new ObjectKey("default", n));

    private static readonly Gen<V1IPAddress?> Items =
        from address in Gen.OneOf("10.96.0.1", "fd00::1")
        from damage in Gen.OneOf("none", "foreign", "resource", "family", "reference", "gone")
        select Item(address, damage);

    /// <summary>Whatever was there, two steps lead to what the Service says; what others keep is theirs.</summary>
    [Fact]
    public void The_object_says_what_the_service_says() => Gen.Select(
        Gen.OneOf("10.96.0.1", "fd00::1"), Holders, Items).Check((address, holder, item) =>
    {
        var isForeign = item is not null && !IpAddressPlanner.IsManaged(item);
        var now = Step(address, holder, Step(address, holder, item));
        if (isForeign)
        {
            Assert.Same(item, now);
        }
        else if (holder is not { } service)
        {
            Assert.Null(now);
        }
        else
        {
            var parent = now!.Spec.ParentRef;
            Assert.Equal((service.Namespace, service.Name), (parent.NamespaceProperty, parent.Name));
            Assert.Equal(address.Contains(':') ? "IPv6" : "IPv4", now.Metadata.Labels[IpAddressPlanner.FamilyLabel]);
        }

        Assert.Equal(IpAddressStep.None, Compute(address, holder, now).Step);
    }, cases: 500);

    /// <summary>Upstream's cases of addresses that no Service has.</summary>
    [Theory]
    [InlineData(false, false, 60, IpAddressStep.None, "", "")]
    [InlineData(
        false, false, 70, IpAddressStep.Delete, "IPAddressNotAllocated",
        "IPAddress: 10.96.0.1 for Service default/a appears to have leaked: cleaning up")]
    [InlineData(
        false, true, 1, IpAddressStep.Delete, "IPAddressWrongReference",
        "IPAddress: 10.96.0.1 for Service default/a has a wrong reference; cleaning up")]
    [InlineData(true, false, 1, IpAddressStep.Delete, "", "")]
    public void What_nobody_has_may_wait_for_its_service(
        bool isReleased, bool hasParent, int age, IpAddressStep step, string reason, string message)
    {
        var item = IpAddressPlanner.New("10.96.0.1", new ObjectKey("default", "a"));
        item.Metadata.CreationTimestamp = DateTime.UnixEpoch;
        var observed = new IpAddressObserved("10.96.0.1", null, item)
        {
            IsReleased = isReleased, HasParent = hasParent,
        };
        var now = DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(age);
        Assert.Equal((step, reason, message), IpAddressPlanner.Compute(observed, now));
        var left = IpAddressPlanner.Left(observed, now);
        Assert.Equal(step == IpAddressStep.None, left is not null);
        if (left is { } then)
        {
            Assert.Equal(IpAddressStep.Delete, IpAddressPlanner.Compute(observed, now + then).Step);
        }
    }

    [Fact]
    public void What_somebody_changed_is_told_with_what_it_names_now()
    {
        var item = IpAddressPlanner.New("10.96.0.1", new ObjectKey("default", "a"));
        item.Spec.ParentRef.Group = "gateway.networking.k8s.io";
        item.Spec.ParentRef.Resource = "gateways";
        Assert.Equal(
            (
                IpAddressStep.Delete,
                "IPAddressNotAllocated",
                "IPAddress 10.96.0.1 appears to have been modified, not referencing a Service "
                    + "&ParentReference{Group:gateway.networking.k8s.io,Resource:gateways,Namespace:default,Name:a,}: "
                    + "cleaning up"),
            Compute("10.96.0.1", null, item));
    }

    private static (IpAddressStep Step, string Reason, string Message) Compute(
        string address, ObjectKey? holder, V1IPAddress? item) =>
        IpAddressPlanner.Compute(new IpAddressObserved(address, holder, item), DateTimeOffset.UnixEpoch);

    private static V1IPAddress? Step(string address, ObjectKey? holder, V1IPAddress? item) =>
        Compute(address, holder, item).Step switch
        {
            IpAddressStep.None => item,
            IpAddressStep.Delete => null,
            _ => IpAddressPlanner.New(address, holder!.Value),
        };

    private static V1IPAddress? Item(string address, string damage)
    {
        var item = IpAddressPlanner.New(address, new ObjectKey("default", "a"));
        switch (damage)
        {
            case "foreign":
                item.Metadata.Labels[IpAddressPlanner.ManagedByLabel] = "me";
                break;
            case "resource":
                item.Spec.ParentRef.Resource = "pods";
                break;
            case "family":
                item.Metadata.Labels.Remove(IpAddressPlanner.FamilyLabel);
                break;
            case "reference":
                item.Spec.ParentRef.Name = "other";
                break;
        }

        return damage == "gone" ? null : item;
    }
}
