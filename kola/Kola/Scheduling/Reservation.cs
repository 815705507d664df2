namespace Kola.Scheduling;

/// <summary>
/// What is kept for who is first and does not fit yet: a time at which there is room for it, if what runs ends when it is expected to, and what there is
/// beside it then. Who comes behind may go first where that takes nothing of it (EASY backfilling, Lifka 1995): a host of two cores else has one idle for
/// as long as a long test runs on the other and one of two machines is next. The time only comes nearer while it waits, so that it is not starved.
/// </summary>
/// <param name="At">Seconds, by the clock of the expected ends.</param>
/// <param name="Beside">What is left beside it from then on.</param>
internal sealed record Reservation(double At, Capacity Beside)
{
    /// <summary>How many behind the first are looked at: a bound on what a turn costs, however many wait.</summary>
    internal const int Depth = 100;

    /// <summary>Keeps room.</summary>
    /// <param name="taken">What the first will take.</param>
    /// <param name="left">What is not in use now.</param>
    /// <param name="running">What runs, in the order of the expected ends: an end, and what is given back by it. All of it given back, the first has to fit.</param>
    internal static Reservation Of(Capacity taken, Capacity left, IEnumerable<(double End, Capacity Taken)> running)
    {
        double at = double.NegativeInfinity;
        foreach ((double end, Capacity given) in running.TakeWhile(_ => !left.Holds(taken)))
        {
            left = left.Plus(given);
            at = end;
        }

        return new Reservation(at, left.Minus(taken));
    }

    /// <summary>Whether another may begin that takes this, and is expected to end then.</summary>
    internal bool Allows(Capacity taken, double end) => end <= At || Beside.Holds(taken);
}
