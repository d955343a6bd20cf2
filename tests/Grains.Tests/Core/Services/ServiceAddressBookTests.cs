using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Services;
using OrleansOrchestrator.Grains.Networking.IpAddresses;
using OrleansOrchestrator.Interfaces.Core.Services;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Services;

public sealed class ServiceAddressBookTests
{
    private static readonly ServiceAddressRange Tiny = new("10.0.0.0/28", 30000, 30009);
    private static readonly ServiceAddressRange Dual = new("10.0.0.0/28,fd00:10:96::/124", 30000, 30009);
    private static readonly DateTimeOffset Start = new(2001, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void AutomaticAddressesAvoidTheStaticBandWhileTheyCan()
    {
        var book = new ServiceAddressBook(ServiceAddressRange.Default, new Random(1));
        for (var i = 0; i < 100; i++)
        {
            var answer = book.Reserve(Any($"s{i}"), Start);
            Assert.True(Version.Parse(answer.ClusterIP!) > new Version(10, 96, 1, 0), answer.ClusterIP);
            Assert.True(answer.NodePorts[0] >= 30086);
        }
    }

    [Fact]
    public void RefusesInUpstreamsWords()
    {
        var book = new ServiceAddressBook(ServiceAddressRange.Default, new Random(1));
        book.See(new ObjectKey("a", "b"), Spec("10.96.0.1", 30001));
        Assert.Equal("provided IP is already allocated", Refusal(book, "10.96.0.1"));
        Assert.Equal("the provided network does not match the current range", Refusal(book, "10.97.0.1"));
        Assert.Equal("the provided network does not match the current range", Refusal(book, "10.96.0.0"));
        Assert.Equal(
            "the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16",
            book.Reserve(Any("x") with { ClusterIP = "10.97.0.1", Pretends = true }, Start).Refusal);
        var port = book.Reserve(Any("x") with { NodePorts = [0, 30001] }, Start);
        Assert.Equal(("provided port is already allocated", 1), (port.Refusal, port.RefusedNodePort));
        Assert.Equal(
            "provided port is not in the valid range. The range of valid ports is 30000-32767",
            book.Reserve(Any("x") with { NodePorts = [80] }, Start).Refusal);
    }

    [Fact]
    public void ARefusedRequestKeepsNothing()
    {
        var book = new ServiceAddressBook(Tiny, new Random(1));
        Assert.NotNull(book.Reserve(Any("x") with { ClusterIP = "10.0.0.3", NodePorts = [80] }, Start).Refusal);
        Assert.Empty(book.Reservations);
        Assert.Null(book.Reserve(Any("y") with { ClusterIP = "10.0.0.3" }, Start).Refusal);
    }

    [Fact]
    public void AReservationEndsWithItsWriteOrWithAge()
    {
        var book = new ServiceAddressBook(Tiny, new Random(1));
        var first = Any("s") with { ClusterIP = "10.0.0.3", NodePorts = [] };
        book.Reserve(first, Start);
        book.Reserve(Any("t") with { ClusterIP = "10.0.0.4", NodePorts = [] }, Start);
        book.Release(first.Reservation);
        Assert.Equal("10.0.0.4", Assert.Single(book.Reservations).ClusterIP);
        book.ReleaseOlderThan(Start);
        Assert.Single(book.Reservations);
        book.ReleaseOlderThan(Start.AddSeconds(1));
        Assert.Empty(book.Reservations);
    }

    [Fact]
    public void WhenEverythingIsGivenTheRangeIsFull()
    {
        var book = new ServiceAddressBook(Tiny, new Random(1));
        for (var i = 0; i < 14; i++)
        {
            Assert.Null(book.Reserve(Any($"s{i}") with { NodePorts = [] }, Start).Refusal);
        }

        var answer = book.Reserve(Any("last") with { NodePorts = [] }, Start);
        Assert.True(answer is { Refusal: "range is full", IsExhausted: true });
    }

    [Fact]
    public void FurtherRangesAreGivenOfWhileTheyAreReady()
    {
        var book = new ServiceAddressBook(Tiny, new Random(1));
        Assert.Contains("does not match", Refusal(book, "10.1.0.5"), StringComparison.Ordinal);
        book.SeeRange(Range("True", "10.1.0.0/28", "2001:db8::/64"));
        Assert.Null(Refusal(book, "10.1.0.5"));
        Assert.Contains("does not match", Refusal(book, "10.1.0.15"), StringComparison.Ordinal);
        for (var i = 0; i < 14; i++)
        {
            Assert.StartsWith("10.0.0.", Address(book, $"s{i}"), StringComparison.Ordinal);
        }

        Assert.StartsWith("10.1.0.", Address(book, "more"), StringComparison.Ordinal);
        book.SeeRange(Range("False", "10.1.0.0/28"));
        Assert.Null(Address(book, "last"));
        book.SeeRange(Range("True", "10.1.0.0/28"));
        book.SeeRangeGone("range");
        Assert.Null(Address(book, "last"));
    }

    /// <summary>
    /// Upstream's <c>TestMigrateServiceCIDR</c>: who deletes the ServiceCIDR of the cluster's own range moves the
    /// Services to another, though addresses hold it back.
    /// </summary>
    [Fact]
    public void TheOwnRangeIsGivenOfWhileAServiceCidrThatHasItIsReady()
    {
        var book = new ServiceAddressBook(new ServiceAddressRange("10.0.0.0/24", 30000, 30009), new Random(1));
        book.SeeRange(Range("True", "10.1.0.0/28"));
        var own = Named("kubernetes", Range("True", "10.0.0.0/24"));
        book.SeeRange(own);
        Assert.StartsWith("10.0.0.", Address(book, "a"), StringComparison.Ordinal);
        own.Metadata.DeletionTimestamp = Start.UtcDateTime;
        book.SeeRange(own);
        Assert.StartsWith("10.1.0.", Address(book, "b"), StringComparison.Ordinal);
        Assert.Contains("does not match", Refusal(book, "10.0.0.5"), StringComparison.Ordinal);
        book.SeeRange(Named("same", Range("True", "10.0.0.0/24")));
        Assert.Null(Refusal(book, "10.0.0.5"));
        book.SeeRangeGone("same");
        book.SeeRangeGone("kubernetes");
        Assert.StartsWith("10.0.0.", Address(book, "c"), StringComparison.Ordinal);
    }

    [Fact]
    public void ASiloThatIsToldOfAnotherRangeGivesOfThatOfTheCluster()
    {
        var book = new ServiceAddressBook(Tiny, new Random(1));
        book.SeeRange(Named("kubernetes", Range("True", "10.1.0.0/28")));
        Assert.StartsWith("10.1.0.", Address(book, "a"), StringComparison.Ordinal);
        Assert.Contains("does not match", Refusal(book, "10.0.0.5"), StringComparison.Ordinal);
    }

    [Fact]
    public void EachFamilyIsGivenOfItsOwnRanges()
    {
        var book = new ServiceAddressBook(Dual, new Random(1));
        book.SeeRange(Range("True", "10.1.0.0/28", "2001:db8::/64"));
        var both = book.Reserve(Any("a") with { SecondaryClusterIP = "" }, Start);
        Assert.StartsWith("10.0.0.", both.ClusterIP, StringComparison.Ordinal);
        Assert.StartsWith("fd00:10:96::", both.SecondaryClusterIP, StringComparison.Ordinal);
        Assert.Equal(both.SecondaryClusterIP, Assert.Single(book.Reservations).SecondaryClusterIP);
        var second = book.Reserve(AnyOfSix("b") with { SecondaryClusterIP = "2001:db8::5" }, Start);
        Assert.Equal((null, null, "2001:db8::5"), (second.Refusal, second.ClusterIP, second.SecondaryClusterIP));
        for (var i = 0; i < 14; i++)
        {
            Assert.Null(book.Reserve(AnyOfSix($"s{i}"), Start).Refusal);
        }

        Assert.StartsWith(
            "2001:db8::",
            book.Reserve(AnyOfSix("more"), Start).SecondaryClusterIP,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fd00:10:96::5", "provided IP is already allocated")]
    [InlineData("fd00:10:96::0:6", "provided IP is already allocated")]
    [InlineData("10.0.0.5", "the provided network does not match the current range")]
    [InlineData("fd00::1", "the provided network does not match the current range")]
    public void TheSecondaryAddressIsRefusedAsSuchAndNothingIsKept(string wanted, string refusal)
    {
        var book = new ServiceAddressBook(Dual, new Random(1));
        var holder = Spec("10.0.0.4");
        holder.ClusterIPs = ["10.0.0.4", "fd00:10:96::5"];
        book.See(new ObjectKey("a", "b"), holder);
        book.SeeAddress(new V1IPAddress { Metadata = new V1ObjectMeta { Name = "fd00:10:96::6" } });
        var answer = book.Reserve(Any("x") with { SecondaryClusterIP = wanted }, Start);
        Assert.Equal((refusal, true, -1), (answer.Refusal, answer.IsSecondaryRefused, answer.RefusedNodePort));
        Assert.Empty(book.Reservations);
    }

    [Fact]
    public void ASecondaryAddressIsFreeAgainWhenItsServiceHasGivenItBack()
    {
        var book = new ServiceAddressBook(Dual, new Random(1));
        var holder = Spec("10.0.0.4");
        holder.ClusterIPs = ["10.0.0.4", "fd00:10:96::5"];
        book.See(new ObjectKey("a", "b"), holder);
        holder.ClusterIPs = ["10.0.0.4"];
        book.See(new ObjectKey("a", "b"), holder);
        Assert.Null(book.Reserve(Any("x") with { SecondaryClusterIP = "fd00:10:96::5" }, Start).Refusal);
        Assert.Equal(
            "provided IP is already allocated",
            book.Reserve(Any("y") with { SecondaryClusterIP = "fd00:10:96::5" }, Start).Refusal);
    }

    [Fact]
    public void ASiloThatKnowsOneFamilyGivesNoneOfTheOther()
    {
        var answer = new ServiceAddressBook(Tiny, new Random(1)).Reserve(AnyOfSix("x"), Start);
        Assert.True(answer is { Refusal: "range is full", IsExhausted: true, IsSecondaryRefused: true });
    }

    [Fact]
    public void AddressesOfOthersAreTaken()
    {
        var book = new ServiceAddressBook(Tiny, new Random(1));
        book.SeeAddress(new V1IPAddress { Metadata = new V1ObjectMeta { Name = "10.0.0.5" } });
        book.SeeAddress(IpAddressPlanner.New("10.0.0.6", new ObjectKey("ns", "gone")));
        Assert.Equal("provided IP is already allocated", Refusal(book, "10.0.0.5"));
        Assert.Null(Refusal(book, "10.0.0.6"));
        book.SeeAddressGone("10.0.0.5");
        Assert.Null(Refusal(book, "10.0.0.5"));
    }

    [Fact]
    public void ADryRunKeepsNothing()
    {
        var book = new ServiceAddressBook(Tiny, new Random(1));
        book.See(new ObjectKey("a", "b"), Spec("10.0.0.5"));
        Assert.Null(book.Reserve(Any("x") with { ClusterIP = "10.0.0.4", Pretends = true }, Start).Refusal);
        Assert.NotNull(book.Reserve(Any("x") with { ClusterIP = "10.0.0.5", Pretends = true }, Start).Refusal);
        Assert.Empty(book.Reservations);
    }

    /// <summary>
    /// Writers reserve, commit or give up, delete; before each decision the journal is read, now and then from its
    /// beginning, as after a new activation. Whatever the interleaving, no two live Services ever have the same
    /// address.
    /// </summary>
    [Fact]
    public void NoTwoLiveServicesEverShare() => Gen.Select(Gen.Int[0, 1 << 20], Gen.Int[0, 4].Array[20, 120]).Check((seed, steps) =>
    {
        var world = new World(seed);
        Array.ForEach(steps, world.Step);
        world.Check();
    }, cases: 3000);

    private static ServiceAddressRequest Any(string name) => new()
    {
        Reservation = Guid.NewGuid().ToString("N"), Service = new ObjectKey("ns", name), ClusterIP = "",
        NodePorts = [0],
    };

    private static ServiceAddressRequest AnyOfSix(string name) =>
        Any(name) with { ClusterIP = null, SecondaryClusterIP = "", NodePorts = [] };

    private static string? Refusal(ServiceAddressBook book, string address) =>
        book.Reserve(Any("x") with { ClusterIP = address, NodePorts = [] }, Start).Refusal;

    private static string? Address(ServiceAddressBook book, string name) =>
        book.Reserve(Any(name) with { NodePorts = [] }, Start).ClusterIP;

    private static V1ServiceCIDR Range(string ready, params string[] cidrs) => new()
    {
        Metadata = new V1ObjectMeta { Name = "range" },
        Spec = new V1ServiceCIDRSpec { Cidrs = [.. cidrs] },
        Status = new V1ServiceCIDRStatus
        {
            Conditions = [new V1Condition { Type = "Ready", Status = ready }],
        },
    };

    private static V1ServiceCIDR Named(string name, V1ServiceCIDR range)
    {
        range.Metadata.Name = name;
        return range;
    }

    private static V1ServiceSpec Spec(string address, params int[] ports) => new()
    {
        ClusterIP = address, Ports = [.. ports.Select(p => new V1ServicePort { Port = p, NodePort = p })],
    };

    private sealed class World(int seed)
    {
        private readonly Random _random = new(seed);
        private ServiceAddressBook _book = new(Tiny, new Random(seed));
        private readonly Dictionary<ObjectKey, string> _live = [];
        private readonly Queue<(ObjectKey Key, string? Address)> _unseen = [];
        private readonly List<(ServiceAddressRequest Request, string Address)> _underWay = [];
        private int _steps;

        public void Step(int kind)
        {
            _steps++;
            switch (kind)
            {
                case 0 or 1: Reserve(); break;
                case 2: Finish(); break;
                case 3: Delete(); break;
                default: Restart(); break;
            }

            Check();
        }

        public void Check() => Assert.Equal(_live.Count, _live.Values.Distinct().Count());

        private void Reserve()
        {
            var wanted = _random.Next(2) == 0 ? "" : Tiny.ToAddress(_random.Next(1, 6));
            var request = Any($"s{_random.Next(6)}") with { ClusterIP = wanted, NodePorts = [] };
            Follow();
            var answer = _book.Reserve(request, Start.AddSeconds(_steps));
            if (answer.Refusal is null)
            {
                _underWay.Add((request, answer.ClusterIP!));
            }
        }

        private void Finish()
        {
            if (_underWay.Count == 0)
            {
                return;
            }

            var at = _random.Next(_underWay.Count);
            var (request, address) = _underWay[at];
            _underWay.RemoveAt(at);
            if (_random.Next(3) != 0 && _live.TryAdd(request.Service, address))
            {
                _unseen.Enqueue((request.Service, address));
            }

            _book.Release(request.Reservation);
        }

        private void Delete()
        {
            if (_live.Count != 0)
            {
                var key = _live.Keys.ElementAt(_random.Next(_live.Count));
                _live.Remove(key);
                _unseen.Enqueue((key, null));
            }
        }

        private void Follow()
        {
            while (_unseen.TryDequeue(out var news))
            {
                if (news.Address is null)
                {
                    _book.SeeGone(news.Key);
                }
                else
                {
                    _book.See(news.Key, Spec(news.Address));
                }
            }
        }

        /// <summary>Reservations survive, what was heard of Services does not.</summary>
        private void Restart()
        {
            var reservations = _book.Reservations.ToList();
            _book = new ServiceAddressBook(Tiny, new Random(seed));
            _book.Restore(reservations);
            _unseen.Clear();
            foreach (var (key, address) in _live)
            {
                _book.See(key, Spec(address));
            }
        }
    }
}
