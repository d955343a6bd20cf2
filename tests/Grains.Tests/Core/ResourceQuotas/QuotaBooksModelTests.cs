using CsCheck;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.ResourceQuotas;

/// <summary>
/// The books of one quota against two numbers: what writes really use, and what the books are to say. Whatever happens,
/// the store knows of no less than is used, and while nothing is killed or fails both are exact.
/// </summary>
public sealed class QuotaBooksModelTests
{
    private const string Quota = "q";
    private const int FirstHard = 40;

    private enum Step
    {
        Charge,
        ChargeMany,
        Read,
        Recount,
        CountTooLate,
        Limit,
        Pass,
        Kill,
        Stop,
        Refuse,
        Lose,
        LoseLater,
    }

    private static readonly Gen<(Step, int)[]> Plays = Gen.Select(
        Gen.Frequency(
            (10, Gen.Const(Step.Charge)), (4, Gen.Const(Step.ChargeMany)), (4, Gen.Const(Step.Read)),
            (4, Gen.Const(Step.Recount)), (2, Gen.Const(Step.CountTooLate)), (2, Gen.Const(Step.Limit)),
            (2, Gen.Const(Step.Pass)), (2, Gen.Const(Step.Kill)), (1, Gen.Const(Step.Stop)),
            (1, Gen.Const(Step.Refuse)), (1, Gen.Const(Step.Lose)), (1, Gen.Const(Step.LoseLater))),
        Gen.Int[1, 9]).Array[1, 60];

    [Fact]
    public Task No_limit_is_passed_and_no_use_forgotten() => Plays.CheckAsync(static async play =>
    {
        var books = new Play();
        await books.BeginAsync();
        foreach (var (step, number) in play)
        {
            await books.TakeAsync(step, number);
        }

        await books.EndAsync();
    }, cases: 300);

    private sealed class Play
    {
        private readonly QuotaBooksWorld _world = new();
        private int _hard = FirstHard;
        private int _highest = FirstHard;

        /// <summary>What writes use that were told that they may.</summary>
        private int _real;

        /// <summary>What the books are to say.</summary>
        private int _said;

        /// <summary>What becomes of the next append; null for the usual.</summary>
        private Func<Func<Task<bool>>, Task<bool>>? _fault;

        public async Task BeginAsync()
        {
            await _world.MakeAsync(Quota, FirstHard);
            _world.Store.OnAppend = (_, append) =>
            {
                var fault = Interlocked.Exchange(ref _fault, null);
                return fault is null ? append() : fault(append);
            };
        }

        public async Task TakeAsync(Step step, int number)
        {
            try
            {
                await (step switch
                {
                    Step.Charge => ChargeAsync([number]),
                    Step.ChargeMany => ChargeAsync([.. Enumerable.Range(1, number)]),
                    Step.Read => ReadAsync(),
                    Step.Recount => RecountAsync(number),
                    Step.CountTooLate => CountTooLateAsync(),
                    Step.Limit => LimitAsync(number * 10),
                    Step.Pass => PassAsync(),
                    Step.Kill => _world.ActivateAsync(),
                    Step.Stop => StopAsync(),
                    Step.Refuse => Next(static _ => throw new StoreUnavailableException("down")),
                    Step.Lose => Next(static _ => throw new UnknownOutcomeException("cut before the commit")),
                    _ => Next(static async append =>
                    {
                        await append();
                        throw new UnknownOutcomeException("cut after the commit");
                    }),
                });
            }
            catch (Exception error) when (error is StoreUnavailableException or UnknownOutcomeException)
            {
                // Not answered, so nothing was promised.
            }

            Assert.True(_world.Known(Quota) >= _real, $"{_world.Known(Quota)} is known, {_real} are used after {step}");
            if (_world.IsLost || step is Step.Kill or Step.Stop)
            {
                await ResumeAsync();
            }
        }

        public async Task EndAsync()
        {
            _fault = null;
            await _world.StopAsync();
            Assert.Equal(_said, QuotaBooksWorld.Used(_world.Stored(Quota)));
            Assert.Null(_world.Reserved(Quota));
        }

        private async Task ChargeAsync(int[] amounts)
        {
            var answer = await _world.AskAsync(null, [.. amounts.Select(static a => QuotaBooksWorld.Need((Quota, a)))]);
            Assert.False(answer.IsOutdated);
            foreach (var (amount, refusal) in amounts.Zip(answer.Refusals))
            {
                Assert.Equal(_said + amount <= _hard, refusal is null);
                if (refusal is null)
                {
                    _real += amount;
                    _said += amount;
                }
            }
        }

        private async Task ReadAsync() => Assert.Equal(_said, (await _world.ReadAsync(Quota)).Used);

        /// <summary>Some of it is deleted, and the controller counts.</summary>
        private async Task RecountAsync(int deleted)
        {
            _real -= Math.Min(deleted, _real);
            var (revision, _) = await _world.ReadAsync(Quota);
            await WriteAsync(revision, _hard, _real);
        }

        /// <summary>The controller counts, and something is charged before it writes.</summary>
        private async Task CountTooLateAsync()
        {
            var (revision, _) = await _world.ReadAsync(Quota);
            var (counted, before) = (_real, _said);
            await ChargeAsync([1]);
            var written = await _world.WriteAsync(Quota, revision, _hard, counted);
            Assert.Equal(_said > before ? StatusReasons.Conflict : null, written.Error?.Reason);
            _said = written.Succeeded ? counted : _said;
        }

        private async Task LimitAsync(int hard)
        {
            var (revision, used) = await _world.ReadAsync(Quota);
            _highest = Math.Max(_highest, hard);
            await WriteAsync(revision, hard, used);
        }

        private async Task WriteAsync(long revision, int hard, int used)
        {
            Assert.True((await _world.WriteAsync(Quota, revision, hard, used)).Succeeded);
            (_hard, _said) = (hard, used);
        }

        private async Task PassAsync()
        {
            _world.Time.Advance(new JournalOptions().FlushDelay);
            await _world.DrainAsync();
        }

        private async Task StopAsync()
        {
            await _world.StopAsync();
            await _world.ActivateAsync();
        }

        private Task Next(Func<Func<Task<bool>>, Task<bool>> fault)
        {
            _fault = fault;
            return Task.CompletedTask;
        }

        /// <summary>What the books say after a kill is theirs to say, within bounds.</summary>
        private async Task ResumeAsync()
        {
            _fault = null;
            await ReviveAsync();
            var used = await ReadUsedAsync();
            Assert.InRange(used, _real, Math.Max(_highest, _said));
            _said = used;
            _hard = QuotaBooksWorld.Hard(_world.Stored(Quota));
        }

        /// <summary>Read once more after the fault that an append, still on its way, had taken before.</summary>
        private async Task<int> ReadUsedAsync()
        {
            try
            {
                return (await _world.ReadAsync(Quota)).Used;
            }
            catch (Exception error) when (error is StoreUnavailableException or UnknownOutcomeException)
            {
                await ReviveAsync();
                return (await _world.ReadAsync(Quota)).Used;
            }
        }

        private Task ReviveAsync() => _world.IsLost ? _world.ActivateAsync() : Task.CompletedTask;
    }
}
