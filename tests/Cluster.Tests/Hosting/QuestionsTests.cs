using System.Net;
using System.Net.Sockets;
using System.Text;
using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>Whether the cluster's DNS answers is asked of it itself.</summary>
public sealed class QuestionsTests
{
    private const string Name = "kubernetes.default.svc.cluster.local";

    [Theory]
    [InlineData(0, true)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    public async Task A_name_is_known_when_the_server_has_no_error_for_it(byte code, bool isKnown)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var asked = AnswerOnceAsync(server, code);

        var failure = await Record.ExceptionAsync(
            () => Questions.Name((IPEndPoint)server.LocalEndPoint!, Name)(TestContext.Current.CancellationToken));

        Assert.Equal(isKnown, failure is null);
        var question = await asked;
        Assert.Equal(
            "\nkubernetes\adefault\u0003svc\acluster\u0005local\0\0\u0001\0\u0001",
            Encoding.ASCII.GetString(question[12..]));
    }

    private static async Task<byte[]> AnswerOnceAsync(Socket server, byte code)
    {
        var buffer = new byte[512];
        var cancellation = TestContext.Current.CancellationToken;
        var got = await server.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), cancellation);
        byte[] answer = [.. buffer[..got.ReceivedBytes]];
        (answer[2], answer[3]) = (0x84, code);
        await server.SendToAsync(answer, got.RemoteEndPoint, cancellation);
        return buffer[..got.ReceivedBytes];
    }
}
