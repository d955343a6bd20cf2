using System.Text;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth;

/// <summary>By upstream's <c>NewDefaultAuthenticationInfoResolverWrapper</c>.</summary>
public sealed class OwnServerTests
{
    private readonly ManualTime _time = new();
    private int _issued;

    [Theory]
    [InlineData("default", "kubernetes", null, true)]
    [InlineData("default", "kubernetes", 443, true)]
    [InlineData("default", "kubernetes", 8443, false)]
    [InlineData("other", "kubernetes", 443, false)]
    [InlineData("default", "hooks", 443, false)]
    public async Task ThisServerIsAskedAsTheApiServerThatAsks(string space, string name, int? port, bool isOwn)
    {
        var target = RemoteTarget.OfService(new(space, name), port, "/hook", "BUNDLE"u8.ToArray());
        var asked = await Server().AskAsync(target, CancellationToken.None);

        Assert.Equal(isOwn ? "certificate 1\nkey" : "", asked.ClientPem);
        Assert.Equal(
            isOwn ? "AUTHORITY\nBUNDLE" : "BUNDLE",
            Encoding.UTF8.GetString(Convert.FromBase64String(asked.CaBundle)));
        Assert.Equal(isOwn ? 1 : 0, _issued);
    }

    [Fact]
    public async Task ItsUrlIsItsNameToo()
    {
        var target = RemoteTarget.OfUrl("https://kubernetes.default.svc/apis/hooks", null)!;
        Assert.Equal("certificate 1\nkey", (await Server().AskAsync(target, CancellationToken.None)).ClientPem);
    }

    [Fact]
    public void WhoAsksIsTheApiServer()
    {
        var order = OwnServer.Order(TimeSpan.FromDays(1));
        Assert.Equal("system:apiserver", order.CommonName);
        Assert.Equal(["system:masters"], order.Organizations);
    }

    [Fact]
    public async Task ACertificateIsMadeOnceAndAgainLongBeforeItEnds()
    {
        var certificate = Certificate();
        Assert.Equal("certificate 1\nkey", await certificate.GetAsync(CancellationToken.None));
        _time.Advance(TimeSpan.FromDays(29));
        Assert.Equal("certificate 1\nkey", await certificate.GetAsync(CancellationToken.None));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal("certificate 2\nkey", await certificate.GetAsync(CancellationToken.None));
    }

    [Fact]
    public async Task WhileTheOldOneIsValidItDoesWhenThereIsNoNewer()
    {
        var (issued, isBroken) = (0, false);
        var certificate = new RenewedCertificate(
            (_, _) =>
            {
                issued++;
                return isBroken
                    ? Task.FromException<IssuedCertificate>(new TimeoutException("nobody signs"))
                    : Task.FromResult(new IssuedCertificate($"certificate {issued}", "key"));
            },
            _time);
        Assert.Equal("certificate 1\nkey", await certificate.GetAsync(CancellationToken.None));

        isBroken = true;
        _time.Advance(TimeSpan.FromDays(30));
        Assert.Equal("certificate 1\nkey", await certificate.GetAsync(CancellationToken.None));
        Assert.Equal("certificate 1\nkey", await certificate.GetAsync(CancellationToken.None));
        Assert.Equal(2, issued);

        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("certificate 1\nkey", await certificate.GetAsync(CancellationToken.None));
        Assert.Equal(3, issued);

        _time.Advance(TimeSpan.FromDays(335));
        await Assert.ThrowsAsync<TimeoutException>(async () => await certificate.GetAsync(CancellationToken.None));
        isBroken = false;
        Assert.Equal("certificate 5\nkey", await certificate.GetAsync(CancellationToken.None));
    }

    [Fact]
    public async Task AllWhoWaitShareOneThatNoneOfThemEnds()
    {
        var (issued, end) = (0, new TaskCompletionSource<IssuedCertificate>());
        var certificate = new RenewedCertificate(
            (_, _) =>
            {
                Interlocked.Increment(ref issued);
                return end.Task;
            },
            _time);
        using var leaving = new CancellationTokenSource();
        var left = certificate.GetAsync(leaving.Token).AsTask();
        var waiting = certificate.GetAsync(CancellationToken.None).AsTask();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);

        end.SetResult(new IssuedCertificate("certificate", "key"));
        Assert.Equal("certificate\nkey", await waiting);
        Assert.Equal(1, issued);
    }

    private OwnServer Server() => new(Certificate(), new Trust());

    private RenewedCertificate Certificate() => new(
        (validity, _) =>
        {
            Assert.True(validity > TimeSpan.FromDays(60));
            return Task.FromResult(new IssuedCertificate($"certificate {++_issued}", "key"));
        },
        _time);

    /// <summary>Authorities that sign for nobody.</summary>
    internal sealed class Trust : IClusterTrust
    {
        public ValueTask<string> GetAuthorityPemAsync(CancellationToken cancellationToken) => new("AUTHORITY");

        public ValueTask<FrontProxyTrust> GetFrontProxyTrustAsync(CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
