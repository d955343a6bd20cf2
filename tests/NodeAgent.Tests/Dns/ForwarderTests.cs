using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.NodeAgent.Dns;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Dns;

public sealed class ForwarderTests : IDisposable
{
    private readonly string _resolvConf = Path.GetTempFileName();
    private readonly UpstreamResolver _upstream = new();
    private readonly ManualTime _time = new();

    public void Dispose()
    {
        _upstream.Dispose();
        File.Delete(_resolvConf);
    }

    [Fact]
    public async Task What_is_remembered_grows_old_and_is_asked_again()
    {
        var forwarder = New("nameserver 127.0.0.1");
        Assert.Equal(300, await TtlAsync(forwarder, "small.example"));
        _time.Now += TimeSpan.FromSeconds(29);
        Assert.Equal(271, await TtlAsync(forwarder, "small.example"));
        Assert.Equal(1, _upstream.UdpQuestions);
        _time.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(300, await TtlAsync(forwarder, "small.example"));
        Assert.Equal(2, _upstream.UdpQuestions);
    }

    [Theory]
    [InlineData(-3600)]
    [InlineData(3600)]
    public async Task A_clock_that_is_set_makes_nothing_older_or_younger(int seconds)
    {
        var forwarder = New("nameserver 127.0.0.1");
        await TtlAsync(forwarder, "small.example");
        _time.SetWallClock(TimeSpan.FromSeconds(seconds));
        Assert.Equal(300, await TtlAsync(forwarder, "small.example"));
        Assert.Equal(1, _upstream.UdpQuestions);
        _time.Now += TimeSpan.FromSeconds(30);
        Assert.Equal(300, await TtlAsync(forwarder, "small.example"));
        Assert.Equal(2, _upstream.UdpQuestions);
    }

    [Fact]
    public async Task What_does_not_exist_is_remembered_as_long_as_its_authority_says()
    {
        var forwarder = New("nameserver 127.0.0.1");
        for (var i = 0; i < 2; i++)
        {
            var reply = await forwarder.AskAsync(Question("missing.example"), overTcp: false, CancellationToken.None);
            Assert.Equal((byte)DnsCode.NameError, reply![3] & 0x0f);
        }

        Assert.Equal(1, _upstream.UdpQuestions);
        _time.Now += TimeSpan.FromSeconds(10);
        await forwarder.AskAsync(Question("missing.example"), overTcp: false, CancellationToken.None);
        Assert.Equal(2, _upstream.UdpQuestions);
    }

    [Fact]
    public async Task A_resolver_that_is_silent_is_asked_last()
    {
        // Nobody listens at the first: the kernel says so at once.
        var forwarder = New("nameserver 127.0.0.2\nnameserver 127.0.0.1");
        await TtlAsync(forwarder, "a.example");
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        first.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), _upstream.Port));
        await TtlAsync(forwarder, "b.example");
        Assert.Equal(0, first.Available);
        Assert.Equal(2, _upstream.UdpQuestions);
    }

    [Fact]
    public async Task Without_a_resolver_there_is_no_answer()
    {
        Assert.Null(await New("").AskAsync(Question("small.example"), overTcp: false, CancellationToken.None));
        Assert.Null(await new Forwarder("/nonexistent", [], _time).AskAsync(
            Question("small.example"), overTcp: true, CancellationToken.None));
    }

    private Forwarder New(string resolvConf)
    {
        File.WriteAllText(_resolvConf, resolvConf);
        return new Forwarder(_resolvConf, [], _time, _upstream.Port);
    }

    private static DnsQuestion Question(string name) =>
        new DnsQuestion { Id = 9, Name = name, Type = DnsType.A, Class = 1, Section = [] }.About(name);

    private static async Task<int> TtlAsync(Forwarder forwarder, string name)
    {
        var reply = await forwarder.AskAsync(Question(name), overTcp: false, CancellationToken.None);
        return Assert.Single(DnsQuery.ReadAddresses(reply, Question(name))).TtlSeconds;
    }
}
