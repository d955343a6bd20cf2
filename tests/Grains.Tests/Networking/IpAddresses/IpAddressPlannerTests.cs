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

        Assert.Equal(IpAddressStep.None, IpAddressPlanner.Compute(address, holder, now).Step);
    }, cases: 500);

    private static V1IPAddress? Step(string address, ObjectKey? holder, V1IPAddress? item) =>
        IpAddressPlanner.Compute(address, holder, item).Step switch
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
