using System.Security.Cryptography.X509Certificates;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Cloud;
using OrleansOrchestrator.Grains.Cloud.Remote;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;
using V1 = OrleansOrchestrator.Grains.Cloud.Remote.V1;

namespace OrleansOrchestrator.Grains.Tests.Cloud.Remote;

/// <summary>A provider of others is asked over gRPC, and is believed as far as that harms nobody.</summary>
public sealed class RemoteCloudTests
{
    private static readonly V1Node Node = new()
    {
        Metadata = new V1ObjectMeta { Name = "n1", Uid = "uid-1" },
        Spec = new V1NodeSpec { ProviderID = "sky://1", PodCIDRs = ["10.244.0.0/24"] },
    };

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_cloud_has_is_asked_until_it_answers()
    {
        await using var host = await RemoteCloudHost.StartAsync();
        host.Has.HasRoutes = false;
        var answers = 0;
        host.Mood = (_, _) => answers++ < 3
            ? throw RemoteCloudHost.Refusal(StatusCode.Unavailable, "starting", TimeSpan.FromMilliseconds(1))
            : Task.CompletedTask;
        Assert.Null(host.Cloud.Instances);
        await host.Cloud.ReadyAsync(Limit);
        Assert.Equal(("sky", 4), (host.Cloud.Name, host.Calls.Count));
        Assert.NotNull(host.Cloud.Instances);
        Assert.NotNull(host.Cloud.LoadBalancers);
        Assert.Null(host.Cloud.Routes);
    }

    [Fact]
    public async Task A_machine_is_described_as_the_cloud_has_it()
    {
        await using var host = await RemoteCloudHost.StartAsync();
        await host.Cloud.ReadyAsync(Limit);
        host.Machines["n1"] = new V1.Instance
        {
            ProviderId = "sky://1", InstanceType = "big", Zone = "z1", Region = "r1", IsShutdown = true,
            Addresses =
            {
                Address("InternalIP", "192.0.2.1"), Address("InternalIP", "192.0.2.1"), Address("Hostname", "n1"),
            },
            AdditionalLabels = { ["example.com/rack"] = "7" },
        };
        var instances = host.Cloud.Instances!;
        var described = (await instances.DescribeAsync(Node, Limit))!;
        Assert.Equal(
            ("sky://1", "big", "z1", "r1"),
            (described.ProviderId, described.InstanceType, described.Zone, described.Region));
        Assert.Equal(["192.0.2.1", "n1"], described.Addresses.Select(static a => a.Address));
        Assert.Equal("7", described.AdditionalLabels["example.com/rack"]);
        Assert.True(await instances.ExistsAsync(Node, Limit));
        Assert.True(await instances.IsShutdownAsync(Node, Limit));
    }

    [Fact]
    public async Task A_machine_that_is_not_there_is_said_to_be_so_and_only_then()
    {
        await using var host = await RemoteCloudHost.StartAsync();
        await host.Cloud.ReadyAsync(Limit);
        var instances = host.Cloud.Instances!;
        Assert.False(await instances.ExistsAsync(Node, Limit));
        var error = await Assert.ThrowsAsync<CloudException>(() => instances.DescribeAsync(Node, Limit));
        Assert.Equal("instance not found", error.Message);
        host.Mood = static (_, _) => throw RemoteCloudHost.Refusal(StatusCode.Unimplemented, "");
        Assert.True(await instances.ExistsAsync(Node, Limit));
        Assert.False(await instances.IsShutdownAsync(Node, Limit));
        Assert.Null(await instances.DescribeAsync(Node, Limit));
        host.Mood = static (_, _) => throw RemoteCloudHost.Refusal(StatusCode.Internal, "a fire");
        var fire = await Assert.ThrowsAnyAsync<CloudException>(() => instances.ExistsAsync(Node, Limit));
        Assert.Equal(("a fire", null), (fire.Message, fire.RetryAfter));
    }

    [Theory]
    [InlineData("""{"zone":"no zone!"}""", "the cloud's zone \"no zone!\" is no value of a label")]
    [InlineData("""{"region":"-"}""", "the cloud's region \"-\" is no value of a label")]
    [InlineData("""{"instanceType":"ä"}""", "the cloud's instance type \"ä\" is no value of a label")]
    [InlineData("""{"providerId":"sky://2"}""", "the cloud answered of \"sky://2\", asked for \"sky://1\"")]
    [InlineData(
        """{"addresses":[{"type":"InternalIP","address":"here"}]}""",
        "the cloud's address \"here\" is no \"InternalIP\"")]
    [InlineData(
        """{"addresses":[{"type":"Mail","address":"1.2.3.4"}]}""", "the cloud's address \"1.2.3.4\" is no \"Mail\"")]
    [InlineData("""{"additionalLabels":{"a b":"c"}}""", "the cloud's label \"a b\" is none")]
    [InlineData("""{"additionalLabels":{"a":"b c"}}""", "the cloud's label \"a\" \"b c\" is no value of a label")]
    public void What_cannot_be_is_not_believed(string lie, string complaint)
    {
        var instance = JsonParser.Default.Parse<V1.Instance>(lie);
        Assert.Equal(complaint, Assert.Throws<CloudException>(() => InstanceReader.Read(instance, "sky://1")).Message);
    }

    [Fact]
    public async Task Load_balancers_come_change_and_go()
    {
        await using var host = await RemoteCloudHost.StartAsync();
        await host.Cloud.ReadyAsync(Limit);
        var balancers = host.Cloud.LoadBalancers!;
        var service = Service();
        Assert.Null(await balancers.GetAsync(service, Limit));
        host.Balancer.Ingress.Add(new V1.Ingress { Ip = "192.0.2.9", IpMode = "VIP" });
        var ingress = Assert.Single((await balancers.EnsureAsync(service, [Node], Limit))!.Ingress);
        Assert.Equal(("192.0.2.9", null), (ingress.Ip, ingress.Hostname));
        Assert.NotNull(await balancers.GetAsync(service, Limit));
        Assert.True(await balancers.UpdateAsync(service, [Node, Node], Limit));
        Assert.Equal("n1 n1", Assert.Single(host.Balancers).Value);
        var told = host.Service!;
        Assert.Equal(
            ("space", "web", "a0f1e", "Local", 3600, 30001),
            (told.Namespace, told.Name, told.LoadBalancerName, told.ExternalTrafficPolicy, told.SessionAffinitySeconds,
                Assert.Single(told.Ports).NodePort));
        await balancers.EnsureDeletedAsync(service, Limit);
        await balancers.EnsureDeletedAsync(service, Limit);
        Assert.Empty(host.Balancers);

        host.Balancer = new V1.LoadBalancer { Ingress = { new V1.Ingress { Ip = "everywhere" } } };
        var lie = await Assert.ThrowsAsync<CloudException>(() => balancers.EnsureAsync(service, [Node], Limit));
        Assert.Equal("the cloud's ingress \"everywhere\" is no IP address", lie.Message);
        host.Mood = static (_, _) => throw RemoteCloudHost.Refusal(StatusCode.Unimplemented, "");
        Assert.Null(await balancers.EnsureAsync(service, [Node], Limit));
        Assert.False(await balancers.UpdateAsync(service, [Node], Limit));
    }

    [Fact]
    public async Task Routes_come_and_go()
    {
        await using var host = await RemoteCloudHost.StartAsync();
        await host.Cloud.ReadyAsync(Limit);
        var routes = host.Cloud.Routes!;
        var route = new CloudRoute
        {
            TargetNode = "n1", Destination = "10.244.0.0/24",
            TargetAddresses = [new V1NodeAddress { Type = "InternalIP", Address = "192.0.2.1" }],
        };
        await routes.CreateAsync("uid-1", route, Limit);
        var made = Assert.Single(await routes.ListAsync(Limit));
        Assert.Equal(
            ("uid-1-10.244.0.0/24", "n1", "192.0.2.1"),
            (made.Name, made.TargetNode, Assert.Single(made.TargetAddresses).Address));
        await routes.DeleteAsync(made, Limit);
        await routes.DeleteAsync(made, Limit);
        Assert.Empty(host.Routes);
    }

    [Theory]
    [InlineData(7, 7)]
    [InlineData(86_400, 300)]
    [InlineData(-5, null)]
    public async Task A_cloud_that_throttles_says_when_to_come_again(int told, int? heeded)
    {
        await using var host = await RemoteCloudHost.StartAsync();
        await host.Cloud.ReadyAsync(Limit);
        host.Mood = (_, _) => throw RemoteCloudHost.Refusal(
            StatusCode.ResourceExhausted, "slowly", TimeSpan.FromSeconds(told));
        var error = await Assert.ThrowsAnyAsync<CloudException>(() => host.Cloud.Routes!.ListAsync(Limit));
        Assert.Equal("slowly", error.Message);
        Assert.Equal(heeded, (int?)error.RetryAfter?.TotalSeconds);
    }

    [Fact]
    public async Task Nonsense_about_that_says_nothing()
    {
        await using var host = await RemoteCloudHost.StartAsync();
        await host.Cloud.ReadyAsync(Limit);
        host.Mood = static (_, _) => throw new RpcException(
            new Status(StatusCode.ResourceExhausted, ""), RemoteCloudHost.Trailers(ByteString.CopyFrom(0xff, 0xff)));
        var error = await Assert.ThrowsAnyAsync<CloudException>(() => host.Cloud.Routes!.ListAsync(Limit));
        Assert.Equal(("the cloud says ResourceExhausted", null), (error.Message, error.RetryAfter));
    }

    [Fact]
    public async Task A_cloud_that_hangs_has_its_time()
    {
        await using var host = await RemoteCloudHost.StartAsync();
        host.Mood = static (_, gone) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, gone);
        using var channel = new CloudChannel(
            host.Options with { ReadTimeout = TimeSpan.FromMilliseconds(50) }, TimeProvider.System);
        var error = await Assert.ThrowsAsync<RemoteCloudException>(() => new RemoteRoutes(channel).ListAsync(Limit));
        Assert.Equal(StatusCode.DeadlineExceeded, error.Code);
        using var over = new CancellationTokenSource();
        var call = host.Cloud.ReadyAsync(over.Token);
        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await call);
    }

    [Fact]
    public async Task Both_prove_who_they_are()
    {
        using var authority = new TestAuthority();
        using var other = new TestAuthority();
        using var client = authority.Issue(["silo"]);
        var server = await GrpcServer.StartAsync(
            V1.CloudReflection.Descriptor.Services[0], authority.Issue(["localhost"]));
        await using (server)
        {
            server.Answer = static (_, _, _) => Task.FromResult<IMessage>(new V1.GetCloudResponse { Name = "far" });
            var options = new RemoteCloudOptions
            {
                Endpoint = server.Endpoint, AuthorityPem = Encoding.UTF8.GetString(authority.Bundle),
                ClientPem = string.Join(
                    '\n', client.ExportCertificatePem(), client.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()),
            };
            Assert.Null(options.Problem());
            using var cloud = new RemoteCloud(options, TimeProvider.System, NullLogger<RemoteCloud>.Instance);
            await cloud.ReadyAsync(Limit);
            Assert.Equal("far", cloud.Name);
            Assert.Equal(client.SerialNumber, server.Shown?.SerialNumber);

            using var stranger = new CloudChannel(
                options with { AuthorityPem = Encoding.UTF8.GetString(other.Bundle) }, TimeProvider.System);
            await Assert.ThrowsAsync<RemoteCloudException>(() => new RemoteRoutes(stranger).ListAsync(Limit));
        }
    }

    [Theory]
    [InlineData("unix:///run/cloud.sock", null)]
    [InlineData("https://cloud.example.com:8443", null)]
    [InlineData("unix://run/cloud.sock", "unix://run/cloud.sock names no absolute path")]
    [InlineData("http://cloud.example.com", "http://cloud.example.com is neither unix:///PATH nor https://HOST:PORT")]
    [InlineData(
        "https://cloud.example.com/x", "https://cloud.example.com/x is neither unix:///PATH nor https://HOST:PORT")]
    [InlineData("cloud", "cloud is neither unix:///PATH nor https://HOST:PORT")]
    public void An_endpoint_is_a_socket_or_https(string endpoint, string? problem) =>
        Assert.Equal(problem, new RemoteCloudOptions { Endpoint = endpoint }.Problem());

    [Fact]
    public async Task A_controller_for_what_the_cloud_has_not_rests()
    {
        await using var host = await RemoteCloudHost.StartAsync();
        host.Has.HasRoutes = false;
        var made = new TaskCompletionSource<ICloudInstances>();
        using var stop = new CancellationTokenSource();
        var routes = new CloudPartController<ICloudRoutes>(
            host.Cloud, static c => c.Routes, static _ => throw new InvalidOperationException("there are none"));
        var instances = new CloudPartController<ICloudInstances>(
            host.Cloud, static c => c.Instances, found =>
            {
                made.SetResult(found);
                return new CloudPartController<ICloudRoutes>(host.Cloud, static c => c.Routes, static _ => null!);
            });
        await instances.ResyncAsync(Limit);
        Task[] running = [routes.RunAsync(stop.Token), instances.RunAsync(stop.Token)];
        await made.Task.WaitAsync(TimeSpan.FromMinutes(2), Limit);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running[0]);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running[1]);
    }

    private static V1.NodeAddress Address(string type, string address) => new() { Type = type, Address = address };

    private static V1Service Service() => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "space", Uid = "0f-1e" },
        Spec = new V1ServiceSpec
        {
            Type = "LoadBalancer", ExternalTrafficPolicy = "Local", SessionAffinity = "ClientIP",
            SessionAffinityConfig = new V1SessionAffinityConfig
            {
                ClientIP = new V1ClientIPConfig { TimeoutSeconds = 3600 },
            },
            Ports = [new V1ServicePort { Port = 80, NodePort = 30001 }],
        },
    };
}
