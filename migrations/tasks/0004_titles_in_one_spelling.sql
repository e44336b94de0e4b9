-- Titles are stored in Unicode's Normalization Form C, and a search is brought into it. Titles that
-- were stored before that rule may have another spelling of the same letters, which no search finds.
-- A few letters have no composed form and become longer: such a title stays as it is if it would
-- become too long.
update tasks.tasks
set title = normalize(title, nfc)
where title is not nfc normalized and char_length(normalize(title, nfc)) <= 500;
