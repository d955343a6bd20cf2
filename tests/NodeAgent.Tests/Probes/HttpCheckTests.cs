using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Probes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Probes;

/// <summary>
/// HTTP probes against a server that writes down what it is sent, byte by byte, and answers as it is told.
/// </summary>
public sealed class HttpCheckTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private readonly HttpCheck _check = new();
    private readonly Server _server = new();

    public void Dispose()
    {
        _server.Dispose();
        _check.Dispose();
    }

    [Theory]
    [InlineData(null, "/")]
    [InlineData("", "/")]
    [InlineData("healthz", "/healthz")]
    [InlineData("/a%2Fb", "/a%2Fb")]
    [InlineData("/a/../b/./c", "/a/../b/./c")]
    [InlineData("/a b", "/a%20b")]
    [InlineData("/a?b=c%20d&e=/f", "/a?b=c%20d&e=/f")]
    [InlineData("?ready", "/?ready")]
    [InlineData("/a#b", "/a")]
    [InlineData("/100%", "/100%25")]
    [InlineData("/100%?a", "/100%25%3Fa")]
    [InlineData("/ä", "/%C3%A4")]
    public async Task A_path_goes_out_as_it_was_written(string? path, string sent)
    {
        Assert.True((await AskAsync(new V1HTTPGetAction { Path = path })).Succeeded);
        Assert.StartsWith($"GET {sent} HTTP/1.1\r\n", Assert.Single(_server.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_given_several_times_are_all_sent_and_others_replace_ours()
    {
        await AskAsync(With(
            ("X-One", "a"), ("x-one", "b"), ("Accept", "text/plain"), ("User-Agent", "me"), ("Host", "shop.example")));
        var request = Assert.Single(_server.Requests);
        Assert.Matches("(?i)\r\nx-one: a, b\r\n", request);
        Assert.Contains("\r\nAccept: text/plain\r\n", request, StringComparison.Ordinal);
        Assert.Contains("\r\nUser-Agent: me\r\n", request, StringComparison.Ordinal);
        Assert.Contains("\r\nHost: shop.example\r\n", request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_header_of_a_body_is_sent_too()
    {
        await AskAsync(With(("Content-Type", "text/x")));
        Assert.Contains("\r\nContent-Type: text/x\r\n", Assert.Single(_server.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_accept_sends_none()
    {
        await AskAsync(With(("Accept", "")));
        var request = Assert.Single(_server.Requests);
        Assert.DoesNotContain("Accept", request, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\r\nUser-Agent: kube-probe/1.36\r\n", request, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, HandlerOutcome.Success, "hello")]
    [InlineData(204, HandlerOutcome.Success, "")]
    [InlineData(304, HandlerOutcome.Warning, "Probe terminated redirects, Response body: ")]
    [InlineData(400, HandlerOutcome.Failure, "HTTP probe failed with statuscode: 400")]
    [InlineData(500, HandlerOutcome.Failure, "HTTP probe failed with statuscode: 500")]
    public async Task The_status_decides(int status, HandlerOutcome outcome, string output)
    {
        _server.Answer = _ => status is 200 or 400 or 500 ? Http(status, "hello") : Http(status);
        Assert.Equal(new HandlerResult(outcome, output), await AskAsync());
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_to_the_same_host_is_followed(int status)
    {
        _server.Answer = request => request.StartsWith("GET /there ", StringComparison.Ordinal)
            ? Http(500, "no")
            : $"HTTP/1.1 {status} Moved\r\nLocation: /there\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        Assert.Equal(HandlerResult.Failure("HTTP probe failed with statuscode: 500"), await AskAsync());
        Assert.Equal(2, _server.Requests.Count);
    }

    [Fact]
    public async Task A_redirect_elsewhere_is_not_followed_and_warned_of()
    {
        _server.Answer = _ =>
            "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 4\r\nConnection: close\r\n\r\naway";
        Assert.Equal(HandlerResult.Warning("Probe terminated redirects, Response body: away"), await AskAsync());
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task A_redirect_to_what_is_no_http_fails()
    {
        _server.Answer = _ =>
            "HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        Assert.Equal(HandlerOutcome.Failure, (await AskAsync()).Outcome);
    }

    /// <summary>
    /// An exception would end the probe for good, and keep a container with such a preStop hook alive.
    /// </summary>
    [Fact]
    public async Task A_header_that_cannot_be_sent_fails() =>
        Assert.Equal(HandlerOutcome.Failure, (await AskAsync(With(("Host", "a b")))).Outcome);

    [Fact]
    public async Task Ten_redirects_are_enough()
    {
        _server.Answer = _ =>
            "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        Assert.Equal(
            HandlerResult.Failure($"Get \"http://127.0.0.1:{_server.Port}/again\": stopped after 10 redirects"),
            await AskAsync());
        Assert.Equal(10, _server.Requests.Count);
    }

    [Fact]
    public async Task A_body_that_hangs_is_an_error_and_no_verdict()
    {
        _server.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel";
        _server.Lingers = true;
        var result = await AskAsync(timeout: TimeSpan.FromSeconds(1));
        Assert.True(result.IsError);
        Assert.Equal(
            "context deadline exceeded (Client.Timeout or context cancellation while reading body)", result.Output);
    }

    [Fact]
    public async Task A_body_that_is_cut_is_an_error_and_no_verdict()
    {
        _server.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel";
        Assert.Equal(HandlerResult.Broken("unexpected EOF"), await AskAsync());
    }

    [Fact]
    public async Task Of_an_endless_body_ten_kilobytes_are_read()
    {
        _server.Answer = _ => "HTTP/1.1 200 OK\r\n\r\n" + new string('x', 100_000);
        Assert.Equal(10 * 1024, (await AskAsync()).Output.Length);
    }

    [Theory]
    [InlineData("web", "strconv.Atoi: parsing \"web\": invalid syntax")]
    [InlineData("0", "invalid port number: 0")]
    [InlineData("70000", "invalid port number: 70000")]
    public async Task A_port_that_is_none_says_nothing_of_the_container(string port, string problem)
    {
        var target = new HandlerTarget(new V1Container { Name = "c" }, "id", "127.0.0.1");
        var result = await _check.ProbeAsync(
            target, new V1HTTPGetAction { Port = port }, Long, TestContext.Current.CancellationToken);
        Assert.Equal(HandlerResult.Unknown(problem), result);
    }

    /// <summary>A hook tells; whether the program likes it is its own affair.</summary>
    [Fact]
    public async Task A_hook_is_content_with_any_answer()
    {
        _server.Answer = _ => Http(500, "no");
        var result = await _check.NotifyAsync(
            Target, Action(new V1HTTPGetAction()), Long, TestContext.Current.CancellationToken);
        Assert.True(result.Succeeded);
        Assert.Contains(
            "\r\nUser-Agent: kube-lifecycle/1.36\r\n", Assert.Single(_server.Requests), StringComparison.Ordinal);
    }

    public static TheoryData<HandlerResult, string?, string?> Remarks => new()
    {
        { HandlerResult.Success("fine"), null, null },
        { HandlerResult.Failure("no"), "Unhealthy", "Liveness probe failed: no" },
        { HandlerResult.Warning("odd"), "ProbeWarning", "Liveness probe warning: odd" },
        { HandlerResult.Unknown("no sh"), "Unhealthy", "Liveness probe errored and resulted in unknown state: no sh" },
        { HandlerResult.Broken("cut"), "Unhealthy", "Liveness probe errored and resulted in failure state: cut" },
    };

    [Theory]
    [MemberData(nameof(Remarks))]
    public void Events_use_upstreams_words(HandlerResult result, string? reason, string? message)
    {
        var remark = result.Remark("Liveness");
        Assert.Equal((reason, message), (remark?.Reason, remark?.Message));
    }

    private static HandlerTarget Target => new(new V1Container { Name = "c" }, "id", "127.0.0.1");

    private V1HTTPGetAction Action(V1HTTPGetAction action)
    {
        action.Port = _server.Port;
        return action;
    }

    private Task<HandlerResult> AskAsync(V1HTTPGetAction? action = null, TimeSpan? timeout = null) => _check.ProbeAsync(
        Target, Action(action ?? new V1HTTPGetAction()), timeout ?? Long, TestContext.Current.CancellationToken);

    private static V1HTTPGetAction With(params (string Name, string Value)[] headers) =>
        new() { HttpHeaders = [.. headers.Select(h => new V1HTTPHeader { Name = h.Name, Value = h.Value })] };

    private static string Http(int status, string? body = null) => body is null
        ? $"HTTP/1.1 {status} X\r\nConnection: close\r\n\r\n"
        : $"HTTP/1.1 {status} X\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";

    /// <summary>One request a connection, kept as it came.</summary>
    private sealed class Server : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentQueue<string> _requests = new();
        private readonly ConcurrentBag<TcpClient> _open = [];

        public Server()
        {
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public IReadOnlyCollection<string> Requests => _requests;

        public Func<string, string> Answer { get; set; } = _ => Http(200, "ok");

        /// <summary>Connections stay open after the answer.</summary>
        public bool Lingers { get; set; }

        public void Dispose()
        {
            _stop.Cancel();
            _listener.Stop();
            foreach (var client in _open)
            {
                client.Dispose();
            }

            _stop.Dispose();
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                    _open.Add(client);
                    await ServeAsync(client);
                }
            }
            catch (Exception end) when (end is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
            {
                // the test is over, or the prober has seen enough
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            var (text, buffer) = (new StringBuilder(), new byte[4096]);
            while (!text.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                text.Append(
                    Encoding.ASCII.GetString(buffer, 0, await client.GetStream().ReadAsync(buffer, _stop.Token)));
            }

            _requests.Enqueue(text.ToString());
            try
            {
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(Answer(text.ToString())), _stop.Token);
            }
            catch (IOException)
            {
                // the prober reads no more than it needs
            }

            if (!Lingers)
            {
                client.Client.Shutdown(SocketShutdown.Send);
            }
        }
    }
}
