using System.Text;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Auth.RequestHeaders;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth.RequestHeaders;

/// <summary>Proxies are believed, and nobody else.</summary>
public sealed class RequestHeaderUsersTests : IDisposable
{
    private const string CommonName = "test server";

    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _other = new();

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
    }

    [Fact]
    public void A_proxy_names_the_user_in_its_headers()
    {
        var users = Users();
        using var certificate = _authority.Issue(["proxy"]);
        var headers = Headers();
        headers["X-Other"] = "stays";
        var user = users.Find(certificate, headers)!;
        Assert.Equal(("bob", "7"), (user.Name, user.Uid));
        Assert.Equal(["devs", "ops", "system:authenticated"], user.Groups);
        Assert.Equal(["example.com/a b", "scopes"], user.Extra.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["one", "two"], user.Extra["scopes"]);
        users.Clear(headers);
        Assert.Equal(["X-Other"], headers.Keys);
    }

    [Theory]
    [InlineData("bob", "system:unauthenticated", "system:unauthenticated")]
    [InlineData("bob", "system:authenticated", "system:authenticated")]
    [InlineData("system:anonymous", "x", "x")]
    [InlineData("bob", "x", "x,system:authenticated")]
    public void Whoever_is_somebody_is_authenticated(string name, string groups, string expected)
    {
        var headers = Headers();
        (headers["X-Remote-User"], headers["X-Remote-Group"]) = (name, groups);
        using var certificate = _authority.Issue(["proxy"]);
        Assert.Equal(expected.Split(','), Users().Find(certificate, headers)!.Groups);
    }

    [Theory]
    [InlineData("its authority is another", true, CommonName, 1, "bob")]
    [InlineData("its name is not allowed", false, "somebody", 1, "bob")]
    [InlineData("its time is over", false, CommonName, 400, "bob")]
    [InlineData("its time is to come", false, CommonName, -400, "bob")]
    [InlineData("it names nobody", false, CommonName, 1, "")]
    public void Nobody_else_is_believed(string what, bool isOther, string allowed, int days, string name)
    {
        var users = Users(allowed, TimeSpan.FromDays(days));
        using var certificate = (isOther ? _other : _authority).Issue(["proxy"]);
        var headers = Headers();
        headers["X-Remote-User"] = name;
        Assert.True(users.Find(certificate, headers) is null, what);
        Assert.True(headers.ContainsKey("X-Remote-Group"), what);
    }

    [Fact]
    public void Without_proxies_headers_say_nothing()
    {
        using var certificate = _authority.Issue(["proxy"]);
        Assert.Null(new RequestHeaderUsers(TimeProvider.System).Find(certificate, Headers()));
    }

    /// <summary>Also where no proxy is known: servers behind may believe the usual names.</summary>
    [Fact]
    public void The_usual_names_are_cleared_whoever_sent_them()
    {
        var headers = new HeaderDictionary
        {
            ["x-remote-user"] = "admin", ["X-Remote-Uid"] = "1", ["X-Remote-Group"] = "system:masters",
            ["X-REMOTE-EXTRA-scopes"] = "all", ["X-Remote-Userinfo"] = "stays", ["X-Name"] = "stays",
        };

        new RequestHeaderUsers(TimeProvider.System).Clear(headers);

        Assert.Equal(["X-Name", "X-Remote-Userinfo"], headers.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Names_that_proxies_here_use_are_cleared_too()
    {
        var settings = Settings() with
        {
            UidHeaders = ["X-Id"], GroupHeaders = ["X-Team"], ExtraHeaderPrefixes = ["X-More-"],
        };
        var headers = new HeaderDictionary
        {
            ["x-name"] = "admin", ["X-ID"] = "1", ["x-Team"] = "system:masters", ["x-more-scopes"] = "all",
            ["X-Remote-Group"] = "system:masters", ["X-Names"] = "stays", ["X-More"] = "stays",
        };

        new RequestHeaderUsers(TimeProvider.System, settings).Clear(headers);

        Assert.Equal(["X-More", "X-Names"], headers.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void All_that_its_authorities_signed_are_proxies_when_no_names_are_told()
    {
        using var certificate = _authority.Issue(["proxy"]);
        var settings = Settings() with { AllowedNames = [] };
        Assert.NotNull(new RequestHeaderUsers(TimeProvider.System, settings).Find(certificate, Headers()));
    }

    [Fact]
    public void Authorities_change_and_what_is_none_changes_nothing()
    {
        var users = Users();
        using var certificate = _other.Issue(["proxy"]);
        Assert.Null(users.Find(certificate, Headers()));
        users.Use(Pem(_other));
        Assert.NotNull(users.Find(certificate, Headers()));
        Assert.Throws<ConfigurationException>(() => users.Use("nonsense"));
        Assert.NotNull(users.Find(certificate, Headers()));
    }

    [Fact]
    public void Servers_behind_are_told_of_all_proxies()
    {
        var both = Users().Published("OWN\n");
        Assert.Equal($"OWN\n{Pem(_authority).TrimEnd()}\n", both.AuthorityPem);
        Assert.Equal(["front-proxy-client", CommonName], both.AllowedNames);
        Assert.Equal(["X-Remote-User", "X-Name"], both.UserHeaders);
        Assert.Equal(["X-Remote-Extra-"], both.ExtraHeaderPrefixes);

        var any = Settings() with { AllowedNames = [] };
        Assert.Empty(new RequestHeaderUsers(TimeProvider.System, any).Published("OWN").AllowedNames);

        var client = new ProxyClientFiles("cert", "key");
        var published = new RequestHeaderUsers(TimeProvider.System, Settings(), client).Published("OWN");
        Assert.Equal($"{Pem(_authority).TrimEnd()}\n", published.AuthorityPem);
        Assert.Equal([CommonName], published.AllowedNames);
        Assert.Empty(new RequestHeaderUsers(TimeProvider.System, client: client).Published("OWN").AuthorityPem);
        var none = new RequestHeaderUsers(TimeProvider.System);
        Assert.Equal("OWN", none.Published("OWN").AuthorityPem);
    }

    private RequestHeaderUsers Users(string allowed = CommonName, TimeSpan later = default) =>
        new(new Clock(later), Settings() with { AllowedNames = [allowed] });

    private RequestHeaderSettings Settings() => new()
    {
        AuthorityPem = Pem(_authority),
        AllowedNames = [CommonName],
        UsernameHeaders = ["X-Remote-User", "X-Name"],
        UidHeaders = ["X-Remote-Uid"],
        GroupHeaders = ["X-Remote-Group"],
        ExtraHeaderPrefixes = ["X-Remote-Extra-"],
    };

    private static string Pem(TestAuthority authority) => Encoding.UTF8.GetString(authority.Bundle);

    private static HeaderDictionary Headers() => new()
    {
        ["x-remote-user"] = "bob",
        ["X-Remote-Uid"] = "7",
        ["X-Remote-Group"] = new(["devs", "ops"]),
        ["X-Remote-Extra-Scopes"] = new(["one", "two"]),
        ["X-Remote-Extra-Example.com%2fa%20b"] = "x",
    };

    private sealed class Clock(TimeSpan later) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + later;
    }
}
