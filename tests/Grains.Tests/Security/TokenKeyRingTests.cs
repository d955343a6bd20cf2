using OrleansOrchestrator.Grains.Security;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Security;

/// <summary>A key is published, then signs, then is only known.</summary>
public sealed class TokenKeyRingTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TokenKeyOptions Options = new();

    [Fact]
    public void OverYearsNoTokenOutlivesItsKeyAndNoKeySignsUnpublished()
    {
        List<SigningKey> keys = [TokenKeyRing.Create(Start)];
        var published = keys.ToDictionary(static k => k.Id, static _ => DateTimeOffset.MinValue);
        List<(string Key, DateTimeOffset Expires)> living = [];
        var signers = new HashSet<string>();
        for (var now = Start; now < Start.AddDays(3 * 365); now += TimeSpan.FromHours(7))
        {
            foreach (var ended in TokenKeyRing.Ended(keys, now).ToList())
            {
                keys.Remove(ended);
            }

            if (TokenKeyRing.Next(keys, Options, now) is { } next)
            {
                keys.Add(next);
                published[next.Id] = now;
            }

            living.RemoveAll(t => t.Expires <= now);
            Assert.All(living, t => Assert.Contains(keys, k => k.Id == t.Key));
            var signs = TokenKeyRing.Signing(keys, now);
            Assert.True(published[signs.Id] <= now - Options.Publication);
            var expires = now + TimeSpan.FromHours(now.Day);
            keys[keys.IndexOf(signs)] = signs with { LastExpiry = Later(signs.LastExpiry, expires) };
            living.Add((signs.Id, expires));
            signers.Add(signs.Id);
            Assert.InRange(keys.Count, 1, 2);
        }

        Assert.InRange(signers.Count, 12, 13);
    }

    [Fact]
    public void WithoutAnAgeAKeyStays() => Assert.Null(TokenKeyRing.Next(
        [TokenKeyRing.Create(Start)], new TokenKeyOptions { Rotation = null }, Start.AddYears(100)));

    [Fact]
    public void KeysAreNoMoreThanTheirBound()
    {
        var first = TokenKeyRing.Create(Start);
        List<SigningKey> keys =
        [
            .. Enumerable.Range(0, TokenKeyRing.MaxKeys).Select(i => first with
            {
                Id = $"{i}", SignsFrom = Start.AddDays(i), LastExpiry = SigningKey.Endless,
            }),
        ];

        Assert.Null(TokenKeyRing.Next(keys, Options, Start.AddYears(10)));
        Assert.NotNull(TokenKeyRing.Next(keys[1..], Options, Start.AddYears(10)));
        Assert.Empty(TokenKeyRing.Ended(keys, Start.AddYears(100)));
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
